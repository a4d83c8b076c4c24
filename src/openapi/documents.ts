import type { Operation } from '../model/operation.ts';
import { describe, type DocumentOptions } from './document.ts';
import { type OpenApiDocuments, type OpenApiVersion, readVersion } from './version.ts';

/** The documents of an app, each created on first use and kept as text, so that nobody can change it. */
export class Documents {
  readonly #options: DocumentOptions;
  readonly #operations: () => readonly Operation[];
  readonly #version: OpenApiVersion;
  readonly #texts = new Map<OpenApiVersion, string>();

  /** Throws a TypeError if `openapi` is not a version. */
  constructor(
    options: DocumentOptions & { readonly openapi?: OpenApiVersion },
    operations: () => readonly Operation[],
  ) {
    this.#options = options;
    this.#operations = operations;
    this.#version = readVersion(options.openapi ?? '3.1');
  }

  /** A copy of the document for the caller. */
  read<V extends OpenApiVersion>(version?: V): OpenApiDocuments[V] {
    return JSON.parse(this.text(version)) as OpenApiDocuments[V];
  }

  text(version: OpenApiVersion = this.#version): string {
    const known = this.#texts.get(readVersion(version));
    if (known !== undefined) return known;
    const text = describe(this.#operations(), this.#options, version);
    this.#texts.set(version, text);
    return text;
  }

  /** Drops the documents, because operations have been added. */
  clear(): void {
    this.#texts.clear();
  }
}
