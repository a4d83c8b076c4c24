import { smallPieces } from './pieces.mjs';

/** The small pieces of a result as a picture: one row for each server, one mark for each piece of work. */
const colours = { a: '#4269d0', b: '#efb118', c: '#3ca951', d: '#ff725c', e: '#a463f2' };
const names = { a: 'a  hello', b: 'b  path and query', c: 'c  bearer user', d: 'd  JSON body', e: 'e  401' };

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

export function plot(result) {
  const keys = result.pieces.filter((key) => smallPieces.includes(key));
  const reference = escape(result.servers[0].title);
  const left = 190;
  const width = 860;
  const top = 64;
  const rowHeight = 30;
  const right = width - 24;
  const bottom = top + result.servers.length * rowHeight;
  const highest = Math.max(...result.servers.flatMap((server) => keys.map((key) => server.work[key].ratio.median)));
  const end = Math.ceil(Math.max(1.2, highest + 0.05) * 5) / 5;
  const x = (ratio) => left + (Math.min(ratio, end) / end) * (right - left);
  const parts = [];
  for (let tick = 0; tick <= end + 1e-9; tick += 0.2) {
    const at = x(tick).toFixed(1);
    const reference = Math.abs(tick - 1) < 1e-9;
    parts.push(`<line x1="${at}" x2="${at}" y1="${top - 6}" y2="${bottom}" stroke="${reference ? '#333' : '#ddd'}"/>`);
    parts.push(`<text x="${at}" y="${bottom + 18}" text-anchor="middle" fill="#555">${tick.toFixed(1)}</text>`);
  }
  parts.push(
    `<text x="${x(end / 2).toFixed(1)}" y="${bottom + 38}" text-anchor="middle" fill="#555">CPU of ${reference} / CPU of the server, for the same request (further right is cheaper)</text>`,
  );
  keys.forEach((key, i) => {
    const at = left + i * 130;
    parts.push(
      `<circle cx="${at}" cy="24" r="5" fill="${colours[key]}"/><text x="${at + 10}" y="28" fill="#333">${names[key]}</text>`,
    );
  });
  result.servers.forEach((server, row) => {
    const y = top + row * rowHeight + rowHeight / 2;
    const weight = server.title.startsWith('Portico') ? ' font-weight="bold"' : '';
    parts.push(
      `<text x="${left - 12}" y="${y + 4}" text-anchor="end" fill="#333"${weight}>${escape(server.title)}</text>`,
    );
    keys.forEach((key, i) => {
      const { median, spread } = server.work[key].ratio;
      const centre = (y + (i - (keys.length - 1) / 2) * 4.5).toFixed(1);
      const [from, to] = [x(Math.max(0, median - spread)).toFixed(1), x(median + spread).toFixed(1)];
      parts.push(
        `<line x1="${from}" x2="${to}" y1="${centre}" y2="${centre}" stroke="${colours[key]}" stroke-width="2"/>`,
      );
      parts.push(
        `<circle cx="${x(median).toFixed(1)}" cy="${centre}" r="3.5" fill="${colours[key]}"><title>${escape(server.title)}, ${key}: ${median.toFixed(2)} ± ${spread.toFixed(2)}</title></circle>`,
      );
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 52}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="CPU per request of each server against ${reference}">
<rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}
