import { Body, Controller, Delete, Depends, Get, HTTPException, Path, Post, Query, Security } from 'portico';
import { z } from 'zod';
import { activeUser } from './current-user.ts';
import { Paging } from './paging.ts';
import { Item, ItemPage, NewItem } from './schemas.ts';
import { type Store, store, type UserRecord } from './store.ts';
import { type Transaction, transaction } from './transaction.ts';

const NOT_FOUND = { 404: { description: 'There is no such item' } };

// #region items
@Controller('/items', { tags: ['items'] })
export class ItemController {
  constructor(@Depends(store) private readonly store: Store) {}

  @Get({ response: ItemPage, dependencies: [Security(activeUser, { scopes: ['items:read'] })] })
  list(@Depends(Paging) paging: Paging, @Query('owner', z.string().optional()) owner?: string) {
    const items = [...this.store.items.values()].filter((item) => owner === undefined || item.owner === owner);
    return { items: paging.of(items), total: items.length };
  }

  @Post({ response: Item, status: 201 })
  add(
    @Security(activeUser, { scopes: ['items:write'] }) user: UserRecord,
    @Body(NewItem) item: NewItem,
    @Depends(transaction) changes: Transaction,
  ) {
    return changes.addItem(item, user.username);
  }

  @Get('/:itemId', { response: Item, public: true, responses: NOT_FOUND })
  read(@Path('itemId', z.int()) itemId: number) {
    const item = this.store.items.get(itemId);
    if (item === undefined) throw new HTTPException(404, 'There is no such item');
    return item;
  }

  @Delete('/:itemId', { status: 204, responses: NOT_FOUND })
  remove(
    @Security(activeUser, { scopes: ['items:write'] }) user: UserRecord,
    @Path('itemId', z.int()) itemId: number,
    @Depends(transaction) changes: Transaction,
  ) {
    const { owner } = this.read(itemId);
    if (owner !== user.username) throw new HTTPException(404, 'You have no such item');
    changes.removeItem(itemId);
  }
}
// #endregion items
