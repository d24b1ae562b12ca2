/**
 * Call trees as flame graphs: one self-contained HTML file, a graph for each thread. Callers stand below what they call, the width
 * is time, the order is that of the tree, the colour follows from the name. The same trees make the same bytes.
 *
 * No script and nothing loaded: a box says what it is when the pointer rests on it.
 */

import type { CallNode } from './call-tree.ts';

const WIDTH = 1_200;
const ROW_HEIGHT = 17;
/** Narrower boxes cannot be seen. */
const BOX_MIN_WIDTH = 0.3;
/** Of a character of the font, on average. */
const CHARACTER_WIDTH = 6.4;
const TEXT_MIN_CHARACTERS = 3;
/** Deeper stacks are cut, and say so. */
const DEPTH_MAX = 120;

export interface Flame {
  readonly title: string;
  readonly tree: CallNode;
  /** Lines of text below the graph. */
  readonly notes: readonly string[];
}

export function renderFlames(title: string, flames: readonly Flame[]): string {
  const sections = flames.map(
    ({ title: name, tree, notes }) =>
      `<h2>${escapeText(name)}</h2>\n${renderSvg(tree)}\n<pre>${escapeText(notes.join('\n'))}</pre>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeText(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px system-ui, sans-serif; margin: 1.5rem; }
svg { width: 100%; max-width: ${WIDTH}px; height: auto; font: 11px ui-monospace, monospace; }
svg text { pointer-events: none; fill: #1a1a1a; }
svg rect { stroke: Canvas; stroke-width: 0.5; }
pre { overflow-x: auto; }
</style></head>
<body><h1>${escapeText(title)}</h1>
${sections.join('\n')}
</body></html>
`;
}

interface Box {
  readonly node: CallNode;
  readonly x: number;
  readonly width: number;
  readonly depth: number;
}

/** One graph. An empty tree is an empty graph. */
export function renderSvg(tree: CallNode): string {
  const boxes: Box[] = [];
  const place = (node: CallNode, x: number, depth: number): void => {
    const width = tree.totalUs === 0 ? 0 : (node.totalUs / tree.totalUs) * WIDTH;
    if (width < BOX_MIN_WIDTH || depth > DEPTH_MAX) return;
    boxes.push({ node, x, width, depth });
    let left = x;
    for (const child of node.children) {
      place(child, left, depth + 1);
      left += (child.totalUs / tree.totalUs) * WIDTH;
    }
  };
  place(tree, 0, 0);
  const height = (Math.max(0, ...boxes.map(({ depth }) => depth)) + 1) * ROW_HEIGHT;
  const drawn = boxes.map((box) => drawBox(box, height, tree.totalUs));
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" xmlns="http://www.w3.org/2000/svg">\n${drawn.join('\n')}\n</svg>`;
}

function drawBox({ node, x, width, depth }: Box, height: number, allUs: number): string {
  const y = height - (depth + 1) * ROW_HEIGHT;
  const percent = ((100 * node.totalUs) / allUs).toFixed(1);
  const self = ((100 * node.selfUs) / allUs).toFixed(1);
  const tip = `${node.name}: ${percent} %, itself ${self} %, ${(node.totalUs / 1_000).toFixed(1)} ms`;
  const characters = Math.floor(width / CHARACTER_WIDTH);
  const label =
    characters < TEXT_MIN_CHARACTERS
      ? ''
      : `<text x="${round(x + 3)}" y="${y + 12}">${escapeText(node.name.slice(0, characters))}</text>`;
  return `<g><title>${escapeText(tip)}</title><rect x="${round(x)}" y="${y}" width="${round(width)}" height="${ROW_HEIGHT}" fill="${colourOf(node.name)}"/>${label}</g>`;
}

/** Warm for code, grey for what V8 does by itself. */
function colourOf(name: string): string {
  if (/^\((?!anonymous)/.test(name)) return 'hsl(220 8% 75%)';
  let hash = 0;
  for (const character of name) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  const positive = hash >>> 0;
  return `hsl(${10 + (positive % 45)} ${65 + (positive % 7) * 4}% ${62 + (positive % 5) * 3}%)`;
}

const round = (value: number): string => String(Math.round(value * 100) / 100);

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
