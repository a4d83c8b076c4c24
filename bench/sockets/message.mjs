import { z } from 'zod';

export const Message = z.object({ id: z.int(), room: z.string(), text: z.string().max(1000) });
