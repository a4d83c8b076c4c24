import { App, Controller, Depends, Get, OAuth2PasswordBearer } from 'portico';

const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

@Controller('/items')
class ItemController {
  @Get('/')
  readItems(@Depends(oauth2Scheme) token: string) {
    return { token };
  }
}

export const app = new App({ title: 'Tutorial, step 1', version: '1.0.0', controllers: [ItemController] });
