import { PGlite } from '@electric-sql/pglite';

export interface Client {
  query<R>(text: string, values?: unknown[]): Promise<{ rows: R[]; affectedRows?: number }>;
  release(): void;
}

/** PGlite has one connection, so requests take turns, as they would wait for a free connection in a real pool. */
export class Pool {
  readonly #database: PGlite;
  #turn: Promise<void> = Promise.resolve();

  private constructor(database: PGlite) {
    this.#database = database;
  }

  static async open(schema: string): Promise<Pool> {
    const database = await PGlite.create();
    await database.exec(schema);
    return new Pool(database);
  }

  connect(): Promise<Client> {
    const query: Client['query'] = (text, values) => this.#database.query(text, values);
    return new Promise((resolve) => {
      this.#turn = this.#turn.then(() => new Promise((release) => resolve({ query, release })));
    });
  }

  async end(): Promise<void> {
    await this.#turn;
    await this.#database.close();
  }
}
