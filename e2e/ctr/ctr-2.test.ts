import { compareWith } from './compare.ts';

compareWith('2');
