import { compareWith } from './compare.ts';

compareWith('1.6');
