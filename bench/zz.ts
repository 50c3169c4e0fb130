import { opening } from './projections.ts';
for await (const r of opening(800)) console.log(r.name, r.value.toFixed(1), r.unit);
