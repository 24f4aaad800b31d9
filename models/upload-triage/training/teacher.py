"""Reads Google's quantised MobileNet v2 (TFLite) into a dequantised torch function giving pooled features and logits."""
import struct, numpy as np, torch, torch.nn.functional as F
from flatbuffers import encode, number_types as N
from flatbuffers.table import Table
def tab(t,i):
    o=t.Offset(4+2*i); return Table(t.Bytes,t.Indirect(o+t.Pos)) if o else None
def vec(t,i,typ=None):
    o=t.Offset(4+2*i)
    if not o: return []
    n=t.VectorLen(o); p=t.Vector(o)
    if typ is None: return [Table(t.Bytes,t.Indirect(p+4*k)) for k in range(n)]
    return np.frombuffer(t.Bytes,typ,n,p)
def sc(t,i,flags,d=0):
    o=t.Offset(4+2*i); return t.Get(flags,o+t.Pos) if o else d
class Teacher:
    def __init__(s,path):
        b=bytearray(open(path,'rb').read()); m=Table(b,struct.unpack('<I',b[:4])[0])
        codes=[max(sc(c,0,N.Int8Flags),sc(c,3,N.Int32Flags)) for c in vec(m,1)]
        g=vec(m,2)[0]; bufs=vec(m,4); T=vec(g,0)
        def const(i):
            t=T[i]; d=vec(bufs[sc(t,2,N.Uint32Flags)],0,np.uint8)
            if len(d)==0: return None
            q=tab(t,4); s_=vec(q,2,'<f4'); z=vec(q,3,'<i8'); ty=sc(t,1,N.Int8Flags)
            a=np.frombuffer(d.tobytes(),{3:np.uint8,2:'<i4'}[ty]).reshape(vec(t,0,'<i4'))
            return torch.from_numpy(((a.astype(np.float32)-float(z[0] if len(z) else 0))*float(s_[0])).copy())
        s.ops=[];s.inp=vec(g,1,'<i4')[0]
        for o in vec(g,3):
            c=codes[sc(o,0,N.Uint32Flags)]; i=list(vec(o,1,'<i4')); out=vec(o,2,'<i4')[0]; opt=tab(o,4)
            q=tab(T[out],4); sca=vec(q,2,'<f4'); zp=vec(q,3,'<i8')
            lo=(0-zp[0])*sca[0] if len(sca) else 0; hi=(255-zp[0])*sca[0] if len(sca) else 0
            if c==3:
                w=const(i[1]).permute(0,3,1,2).contiguous(memory_format=torch.channels_last); s.ops.append(('conv',i[0],out,w,const(i[2]),sc(opt,1,N.Int32Flags),1,(lo,hi)))
            elif c==4:
                w=const(i[1]).permute(3,0,1,2).contiguous(); s.ops.append(('conv',i[0],out,w,const(i[2]),sc(opt,1,N.Int32Flags),w.shape[0],(lo,hi)))
            elif c==0: s.ops.append(('add',i[0],i[1],out))
            elif c==1: s.ops.append(('pool',i[0],out))
            elif c in(22,25): s.ops.append(('same',i[0],out))
            else: raise ValueError(c)
    @torch.no_grad()
    def __call__(s,x):
        """x [N,3,S,S] in [-1,1] -> pooled features [N,1280], logits [N,1001]"""
        v={s.inp:x}; f=None
        for o in s.ops:
            if o[0]=='conv':
                _,a,out,w,b,st,g,(lo,hi)=o; x=v[a]; k=w.shape[2]; h=x.shape[2]
                tot=max((-(-h//st)-1)*st+k-h,0)
                if tot%2: x=F.pad(x,(tot//2,tot-tot//2)*2); p=0
                else: p=tot//2
                y=F.conv2d(x,w.to(x.dtype),b.to(x.dtype),st,p,1,g)
                v[out]=y.clamp_(float(lo),float(hi)) if f is None else y
            elif o[0]=='add': v[o[3]]=v[o[1]]+v[o[2]]
            elif o[0]=='pool': v[o[2]]=v[o[1]].mean((2,3),keepdim=True); f=v[o[2]].flatten(1)
            else: v[o[2]]=v[o[1]]
            out_=v[o[3] if o[0]=='add' else o[2]]
        return f.float(), out_.flatten(1).float()
if __name__=='__main__':
    import glob,time
    from PIL import Image
    te=Teacher('/work/shared/data/tflite/mobilenet_v2_1.0_224_quant.tflite')
    lab=open('/work/shared/data/tflite/imagenet_labels.txt').read().split('\n')
    ok=0; fs=sorted(glob.glob('/work/shared/data/imagenet-100/*/*'))[:32]
    X=[]
    for f in fs:
        im=Image.open(f).convert('RGB'); w,h=im.size; k=256/min(w,h); im=im.resize((round(w*k),round(h*k)),3); w,h=im.size
        X.append(np.asarray(im.crop(((w-224)//2,(h-224)//2,(w-224)//2+224,(h-224)//2+224))))
    x=torch.from_numpy(np.stack(X)).permute(0,3,1,2).float()/127.5-1
    for dt in (torch.float32,torch.bfloat16):
        t=time.time(); f,l=te(x.to(memory_format=torch.channels_last).to(dt)); print(dt,32/(time.time()-t),'img/s')
        print(sum(lab[int(a)]==g.split('/')[-2] for a,g in zip(l.argmax(1),fs)),f.mean(),f.std())
