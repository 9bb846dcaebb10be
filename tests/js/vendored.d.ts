/** What vendored scripts put on the window, as far as the pages use it. */
interface Window {
  uPlot: new (options: object, data: unknown[], target: HTMLElement) => any;
}
