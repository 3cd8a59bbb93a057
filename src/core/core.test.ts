import { coreSuite } from './suite/core-suite.ts';
import { openCore } from './testing/open-core.ts';
import { coreFolders } from './testing/temporary.ts';

coreSuite('core', (t) => openCore(coreFolders(t)));
