/** The source of an application with so many routes, to count what its types cost. */
export function typedRoutes(count) {
  const lines = [
    `import { App, Body, Controller, Depends, dependency, Get, OAuth2PasswordBearer, Path, Post, Query, Security } from 'portico';`,
    `import { z } from 'zod';`,
    `const User = z.object({ username: z.string(), email: z.email().optional() }).meta({ id: 'User' });`,
    `type User = z.output<typeof User>;`,
    `const Item = z.object({ id: z.int(), title: z.string(), tags: z.array(z.string()), owner: User }).meta({ id: 'Item' });`,
    `type Item = z.output<typeof Item>;`,
    // What zod's types cost by themselves, for the first who looks at them.
    `export const own: [Item, Item[], number, string | undefined, User] = [Item.parse({}), z.array(Item).parse([]), z.int().min(0).default(0).parse(1), z.string().optional().parse(''), User.parse({})];`,
    `export const fits: z.ZodType<Item> = Item;`,
    `const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { items: 'Items.' } });`,
    `const currentUser = dependency({ token: Depends(scheme) }, async ({ token }): Promise<User> => ({ username: token }));`,
    `export const used = [App, Body, Controller, Depends, Get, Path, Post, Query, Security, Item, currentUser];`,
  ];
  const names = [];
  for (let first = 0; first < count; first += 10) {
    const name = `Resource${first / 10}Controller`;
    names.push(name);
    lines.push(`@Controller('/resource${first / 10}')`, `class ${name} {`);
    for (let i = first; i < Math.min(count, first + 10); i += 1) {
      if (i % 3 === 0) {
        lines.push(
          `  @Get('/:id/a${i}', { response: Item })`,
          `  async read${i}(@Path('id', z.int()) id: number, @Security(currentUser, { scopes: ['items'] }) owner: User): Promise<Item> {`,
          `    return { id, title: 'x', tags: [], owner };`,
          `  }`,
        );
      } else if (i % 3 === 1) {
        lines.push(
          `  @Get('/b${i}', { response: z.array(Item) })`,
          `  list${i}(@Query('skip', z.int().min(0).default(0)) skip: number, @Query('q', z.string().optional()) q?: string): Item[] {`,
          `    return skip > 0 || q ? [] : [];`,
          `  }`,
        );
      } else {
        lines.push(
          `  @Post('/c${i}', { status: 201, response: Item })`,
          `  create${i}(@Depends(currentUser) owner: User, @Body(Item) item: Item): Item {`,
          `    return { ...item, owner };`,
          `  }`,
        );
      }
    }
    lines.push('}');
  }
  lines.push(
    `export const app = new App({ title: 'Types', version: '1.0.0', controllers: [${names.join(', ')}] });`,
    '',
  );
  return lines.join('\n');
}
