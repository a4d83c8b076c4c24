import type { Provider } from './provider.ts';

/** A dependency that is made once for the app, and the nodes it depends on. */
export interface AppNode {
  readonly provider: Provider;
  readonly name: string;
  readonly inputs: readonly { readonly key: string | undefined; readonly node: AppNode | undefined }[];
}

/**
 * Returns the same node for the same dependency on the same nodes.
 *
 * Under an override, dependents of the replaced dependency get other nodes, and the old ones are found again
 * afterwards.
 */
export class AppNodes {
  readonly #nodes = new Map<object, AppNode[]>();

  intern(node: AppNode): AppNode {
    const variants = this.#nodes.get(node.provider.dependable) ?? [];
    const known = variants.find(
      ({ inputs }) =>
        inputs.length === node.inputs.length && inputs.every((input, index) => input.node === node.inputs[index]?.node),
    );
    if (known !== undefined) return known;
    this.#nodes.set(node.provider.dependable, [...variants, node]);
    return node;
  }
}
