/** The plots of the relays: asks for new figures every two seconds while the page is looked at. */

import { find } from "../lib/dom.js";

const EVERY_MS = 2_000;
const SHOWN_SECONDS = 30 * 60;
/** Relays report about every two seconds, each in its own time: a point stands for so many seconds of all. */
const STEP_SECONDS = 5;
const HEIGHT = 160;
/** Distinct in light and dark, and for most who see colours differently; more relays than these share them. */
const COLOURS = ["#1f8a70", "#c8553d", "#3f7cbf", "#b8860b", "#8a5fb0", "#5b8c2a", "#c0568d", "#4f9da6"];

const FORMAT = new Intl.NumberFormat(document.documentElement.lang, {
  notation: "compact",
  maximumSignificantDigits: 3,
});
const LINE = {
  width: 1,
  points: { show: false },
  value: (/** @type {unknown} */ _chart, /** @type {number | null} */ raw) => (raw === null ? "-" : short(raw)),
};

const section = find(".relay-plots");
const banner = find(".relays-full");

/** @type {Map<string, number[][]>} each relay's samples: the time in seconds, then the figures */
const samples = new Map();
/** @type {string[]} */
let figures = [];
let newest = 0;

async function fetchFigures() {
  const url = new URL(section.dataset.figuresUrl ?? "", location.href);
  if (newest) url.searchParams.set("since", String(newest));
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok || response.redirected) throw new Error(`figures: ${response.status}`);
  return response.json();
}

/** @param {{full: boolean, figures: string[], relays: {name: string, samples: number[][]}[]}} told */
function take(told) {
  banner.hidden = !told.full;
  figures = told.figures;
  for (const { name, samples: fresh } of told.relays) {
    const known = samples.get(name) ?? [];
    known.push(...fresh);
    newest = Math.max(newest, fresh.at(-1)?.[0] ?? 0);
    samples.set(name, known);
  }
  for (const [name, known] of samples) {
    samples.set(
      name,
      known.filter(([at]) => at > newest - SHOWN_SECONDS),
    );
  }
}

/**
 * Returns a relay's values by step; a counter becomes what was added a second.
 * @param {number[][]} rows @param {number} column @param {boolean} isCounter
 */
function bySteps(rows, column, isCounter) {
  /** @type {Map<number, number[]>} */ const found = new Map();
  rows.forEach((row, index) => {
    const value = isCounter ? added(rows[index - 1], row, column) : row[column];
    const step = Math.floor(row[0] / STEP_SECONDS);
    if (!found.has(step)) found.set(step, []);
    found.get(step)?.push(value);
  });
  return new Map([...found].map(([step, values]) => [step, sum(values) / values.length]));
}

/** @param {number[] | undefined} before @param {number[]} row @param {number} column */
function added(before, row, column) {
  // A relay that has started anew counts from nought.
  if (!before || row[column] < before[column]) return 0;
  return (row[column] - before[column]) / Math.max(row[0] - before[0], 0.1);
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** @param {number} value */
function short(value) {
  return FORMAT.format(value);
}

/** @param {unknown} _chart @param {number[]} values */
function manyShort(_chart, values) {
  return values.map(short);
}

/** @param {unknown} _chart @param {number} _low @param {number} high @returns {[number, number]} */
function fromNought(_chart, _low, high) {
  return [0, Math.max((high ?? 0) * 1.1, 1)];
}

/** One figure's plot, with a line for each relay and one for all of them. */
class Plot {
  /** @type {any} */ #chart = null;
  #key = "";

  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.frame = frame;
    new ResizeObserver(() => this.#chart?.setSize(this.#size())).observe(frame);
  }

  draw() {
    const names = [...samples.keys()];
    const data = this.#data(names);
    const style = getComputedStyle(this.frame);
    const key = [...names, style.color].join("\n");
    if (key !== this.#key) {
      this.#key = key;
      this.#chart?.destroy();
      this.#chart = new window.uPlot(this.#options(names, style), data, this.frame);
    } else {
      this.#chart.setData(data);
    }
    // While nothing is pointed at, the legend says how it is now.
    if (this.#chart.cursor.idx == null) this.#chart.setLegend({ idx: data[0].length - 1 });
  }

  #size() {
    const { paddingLeft, paddingRight } = getComputedStyle(this.frame);
    const width = this.frame.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
    return { width, height: HEIGHT };
  }

  /** @param {string[]} names */
  #data(names) {
    const column = figures.indexOf(this.frame.dataset.figure ?? "") + 1;
    const isCounter = this.frame.dataset.rate !== undefined;
    const lines = names.map((name) => bySteps(samples.get(name) ?? [], column, isCounter));
    const steps = [...new Set(lines.flatMap((line) => [...line.keys()]))].sort((a, b) => a - b);
    const total = steps.map((step) => this.#together(lines.flatMap((line) => line.get(step) ?? [])));
    return [
      steps.map((step) => step * STEP_SECONDS),
      total,
      ...lines.map((line) => steps.map((step) => line.get(step) ?? null)),
    ];
  }

  get #isSum() {
    return this.frame.dataset.sum === "sum";
  }

  /** @param {number[]} values of all relays at one step */
  #together(values) {
    return this.#isSum ? sum(values) : Math.max(...values);
  }

  /** @param {string[]} names @param {CSSStyleDeclaration} style */
  #options(names, style) {
    const axis = {
      stroke: style.color,
      grid: { stroke: style.getPropertyValue("--hairline-color"), width: 1 },
      ticks: { show: false },
    };
    const total = {
      ...LINE,
      label: this.#isSum ? section.dataset.total : section.dataset.highest,
      stroke: style.color,
      width: 1.5,
    };
    const lines = names.map((label, index) => ({ ...LINE, label, stroke: COLOURS[index % COLOURS.length] }));
    return {
      ...this.#size(),
      series: [{ label: section.dataset.time, value: "{HH}:{mm}:{ss}" }, total, ...lines],
      axes: [axis, { ...axis, size: 52, values: manyShort }],
      scales: { y: { range: fromNought } },
      cursor: { drag: { x: false, y: false }, sync: { key: "relays" } },
    };
  }
}

const plots = [...section.querySelectorAll("figure")].map((frame) => new Plot(frame));

async function refresh() {
  if (!document.hidden) {
    try {
      take(await fetchFigures());
      for (const plot of plots) plot.draw();
      section.dataset.state = "live";
    } catch (error) {
      section.dataset.state = "stale";
      console.error(error);
    }
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
