/** Long work in short slices, so that the page goes on answering. */

const SLICE_MILLISECONDS = 12;

/**
 * @template T
 * @param {Generator<void, T>} work
 * @param {() => boolean} wanted asked between slices; work that nobody waits for is given up
 * @returns {Promise<T|null>} null where it was given up
 */
export async function inSlices(work, wanted) {
    let until = performance.now() + SLICE_MILLISECONDS;
    for (;;) {
        const step = work.next();
        if (step.done) return step.value;
        if (performance.now() > until) {
            await new Promise((resolve) => setTimeout(resolve));
            if (!wanted()) return null;
            until = performance.now() + SLICE_MILLISECONDS;
        }
    }
}
