import { App } from 'portico';
import { ItemController } from './item-controller.ts';
import { TokenController } from './token-controller.ts';
import { UserController } from './user-controller.ts';

export const app = new App({
  title: 'Items',
  version: '1.0.0',
  summary: 'Users who keep lists of items.',
  controllers: [TokenController, UserController, ItemController],
  requireSecurity: true,
});
