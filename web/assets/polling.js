// Asking again and again, politely.

/**
 * Calls `task` every `milliseconds` until it returns false or `signal` ends it; after errors ever more slowly.
 * A hidden tab does not ask.
 */
export function every(milliseconds, signal, task, onError) {
  let failures = 0;
  let timer;
  const later = () => {
    if (!signal.aborted) timer = setTimeout(run, Math.min(milliseconds * 2 ** failures, 15_000));
  };
  async function run() {
    if (document.hidden) return later();
    try {
      const goOn = await task();
      failures = 0;
      onError(null);
      if (goOn) later();
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      onError(error);
      later();
    }
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  later();
}
