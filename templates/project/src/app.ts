import { App } from 'portico';
import { GreetingController } from './greeting-controller.ts';

export const app = new App({
  title: 'my-app',
  version: '0.1.0',
  servers: [{ url: '/' }],
  controllers: [GreetingController],
  requireSecurity: true,
});
