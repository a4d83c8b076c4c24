import { Depends, dependency, HTTPException } from 'portico';
import type { Item, NewItem } from './schemas.ts';
import { type Store, store, type UserRecord } from './store.ts';

/** Changes that take effect together, or not at all. */
export class Transaction {
  readonly #store: Store;
  readonly #users = new Map<string, UserRecord>();
  /** Undefined for an item that will be removed. */
  readonly #items = new Map<number, Item | undefined>();

  constructor(store: Store) {
    this.#store = store;
  }

  addUser(user: UserRecord): UserRecord {
    this.#users.set(user.username, user);
    return user;
  }

  addItem(item: NewItem, owner: string): Item {
    const added = { ...item, owner, id: Math.max(0, ...this.#store.items.keys(), ...this.#items.keys()) + 1 };
    this.#items.set(added.id, added);
    return added;
  }

  removeItem(id: number): void {
    this.#items.set(id, undefined);
  }

  /** Refuses all changes if a name was taken in the meantime. */
  commit(): void {
    const { users, items } = this.#store;
    for (const username of this.#users.keys()) {
      if (users.has(username)) throw new HTTPException(409, `The name '${username}' is taken`);
    }
    for (const [username, user] of this.#users) users.set(username, user);
    for (const [id, item] of this.#items) {
      if (item === undefined) items.delete(id);
      else items.set(id, item);
    }
  }
}

// #region transaction
/** Commits when the handler has returned, before the response is sent; an error discards all changes. */
export const transaction = dependency(
  { store: Depends(store) },
  function* transaction({ store }) {
    const changes = new Transaction(store);
    yield changes;
    changes.commit();
  },
  { lifetime: 'handler' },
);
// #endregion transaction
