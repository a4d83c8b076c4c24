import { toLambdaHandler } from 'portico/lambda';
import { app } from '../platforms/app.ts';

export const handler = toLambdaHandler(app, { streaming: true });
