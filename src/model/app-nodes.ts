import type { Provider } from './provider.ts';

/** A dependency that is made once for the app, and the nodes it is made from. */
export interface AppNode {
  readonly provider: Provider;
  readonly name: string;
  readonly inputs: readonly { readonly key: string | undefined; readonly node: AppNode | undefined }[];
}

/**
 * Gives the same node for the same dependency made from the same nodes.
 *
 * Under an override whatever depends on the replaced one is another node, and the old one is found again afterwards.
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
