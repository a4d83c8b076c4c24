export { file } from './file.ts';
export { fileIn, type FileInOptions, type LocalFile } from './local-file.ts';
export { staticFiles, type StaticFilesOptions } from './static-files.ts';
