import { isPromise } from './promise.ts';

type Listener = Parameters<AbortSignal['addEventListener']>[1];
type Options = Parameters<AbortSignal['addEventListener']>[2];

/**
 * Lets listeners of a signal fail: what one throws, or rejects with, goes to `report`.
 *
 * Whoever aborts a signal cannot catch it, and platforms end the process for it: any client that disconnects would.
 */
export function guardListeners(signal: AbortSignal, report: (error: unknown) => void): AbortSignal {
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const known = new WeakMap<object, (event: Event) => void>();
  const guarded = (listener: Listener): Listener => {
    if ((typeof listener !== 'object' && typeof listener !== 'function') || listener === null) return listener;
    const made = known.get(listener) ?? ((event: Event): void => run(listener, signal, event, report));
    known.set(listener, made);
    return made;
  };
  let own: AbortSignal['onabort'] = null;
  let runOwn: ((event: Event) => void) | undefined;
  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener, options?: Options): void => add(type, guarded(listener), options),
    },
    removeEventListener: {
      value: (type: string, listener: Listener, options?: Options): void => remove(type, guarded(listener), options),
    },
    onabort: {
      get: () => own,
      set(listener: AbortSignal['onabort']) {
        if (runOwn !== undefined) remove('abort', runOwn);
        own = listener;
        runOwn = undefined;
        if (typeof listener !== 'function') return;
        runOwn = (event) => run(listener, signal, event, report);
        add('abort', runOwn);
      },
    },
  });
  return signal;
}

function run(listener: object, signal: AbortSignal, event: Event, report: (error: unknown) => void): void {
  try {
    const given: unknown =
      typeof listener === 'function'
        ? listener.call(signal, event)
        : (listener as { handleEvent(event: Event): unknown }).handleEvent(event);
    if (isPromise(given)) Promise.resolve(given).then(undefined, report);
  } catch (error) {
    report(error);
  }
}
