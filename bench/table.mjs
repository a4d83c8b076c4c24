/** Tables in Markdown, from a result file: `node table.mjs results/published.json`. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export function markdown(head, rows) {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export const ratioText = ({ median, spread }) => `${median.toFixed(2)} ±${spread.toFixed(2).replace(/^0/, '')}`;

/** Ratios (reference/server: above 1 is cheaper than the reference), memory, cold start, packages. */
export function ratioTable(result) {
  const rows = result.servers.map((server) => [
    server.title,
    ...result.pieces.map((key) => ratioText(server.work[key].ratio)),
    server.resident ? server.resident.median.toFixed(0) : '',
    server.coldStart ? `${server.coldStart.median.toFixed(0)} ±${server.coldStart.spread.toFixed(0)}` : '',
    String(server.packages ?? ''),
  ]);
  return markdown(['', ...result.pieces, 'RSS MB', 'cold start CPU ms', 'packages'], rows);
}

export function microsecondTable(result) {
  const rows = result.servers.map((server) => [
    server.title,
    ...result.pieces.map((key) => server.work[key].microseconds.median.toFixed(1)),
  ]);
  return markdown(['CPU µs per request', ...result.pieces], rows);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  console.log(`${ratioTable(result)}\n\n${microsecondTable(result)}`);
}
