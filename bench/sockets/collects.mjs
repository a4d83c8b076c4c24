/** Collects garbage at a signal, so that memory is that of what is there. */
process.on('SIGUSR2', () => globalThis.gc());
