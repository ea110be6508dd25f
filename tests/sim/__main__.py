import sys, time
from tests.sim.run import play
from collections import Counter
a,b=int(sys.argv[1]),int(sys.argv[2])
t=time.time(); n=Counter(); f=Counter(); v=0
for s in range(a,b):
    t0=time.time()
    r=play(s); v+=r.virtual_s; f+=r.faults
    n['cmd']+=r.commands;n['acc']+=r.accepted;n['facts']+=r.facts;n['frames']+=r.frames
    if r.findings: print(s, len(r.findings), *[x[:600] for x in r.findings[:4]], sep="\n   ")
print(time.time()-t, v, n, f)
