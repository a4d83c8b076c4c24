/** Tables in Markdown, from a result file: `node table.mjs results/published.json`. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { largePieces, smallPieces } from './pieces.mjs';

export function markdown(head, rows) {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const fraction = (value) => value.toFixed(2).replace(/^0/, '');

/** Median, half the interquartile range, and the worst generation. */
export const ratioText = ({ median, spread, generations }) =>
  `${median.toFixed(2)} ±${fraction(spread)} (${fraction(Math.min(...generations))})`;

/** Ratios (reference/server: above 1 is cheaper than the reference). */
function ratioTable(servers, keys) {
  return markdown(
    ['', ...keys],
    servers.map(({ title, work }) => [title, ...keys.map((key) => ratioText(work[key].ratio))]),
  );
}

function microsecondTable(servers, keys) {
  const micro = (work) => keys.map((key) => work[key].microseconds.median.toFixed(1));
  return markdown(
    ['CPU µs per request', ...keys],
    servers.map(({ title, work }) => [title, ...micro(work)]),
  );
}

/** Memory after the load, the start of a process, and what is installed. */
function sizeTable(servers) {
  const rows = servers.map((server) => [
    server.title,
    server.resident.median.toFixed(0),
    `${server.coldStart.median.toFixed(0)} ±${server.coldStart.spread.toFixed(0)}`,
    String(server.packages),
  ]);
  return markdown(['', 'RSS MB', 'cold start CPU ms', 'packages'], rows);
}

/** All tables of a result: the small pieces and the large ones apart, since not every server does the latter. */
export function tables(result) {
  const groups = [smallPieces, largePieces].map((group) => result.pieces.filter((key) => group.includes(key)));
  const parts = groups.flatMap((keys) => {
    const servers = result.servers.filter(({ work }) => keys.some((key) => work[key]));
    return keys.length === 0 ? [] : [ratioTable(servers, keys), microsecondTable(servers, keys)];
  });
  return [...parts, sizeTable(result.servers)].join('\n\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(tables(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
}
