// Every catching-up projection. A new one is a file beside this one and one line here.
import { decisions } from './decisions.ts';
import type { CatchingUp } from './definition.ts';
import { findings } from './findings.ts';
import { inventory } from './inventory.ts';
import { timeline } from './timeline.ts';

export const catchingUpList: readonly CatchingUp[] = [decisions, findings, inventory, timeline];
