import { Query } from 'portico';
import { z } from 'zod';

/** Paging; its inputs are parameters of every operation that depends on it. */
export class Paging {
  constructor(
    @Query('skip', z.int().min(0).default(0)) readonly skip: number,
    @Query('limit', z.int().min(1).max(100).default(20)) readonly limit: number,
  ) {}

  of<T>(list: Iterable<T>): T[] {
    return [...list].slice(this.skip, this.skip + this.limit);
  }
}
