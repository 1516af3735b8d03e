/**
 * Letters and signs that look like an ASCII letter or digit: the confusables of UTS 39, Unicode 18.0, reduced by
 * `src/cli/generate-lookalikes.ts` to 776 single characters that NFKC leaves as they are. Generated: not to be edited.
 *
 * One line for each letter: the letter, then the distances from code point to code point in base 36.
 */
export const LOOKALIKES_PACKED =
  '2 br k fh 2jj s8 9j 1b5 r65 4r 2z\n' +
  '3 c7 2t e3 3l 20 2t tg ao 2e1 13n 35z 14 8 o7y 1t 97 m38 h2p jij\n' +
  '4 3wu tzk ljl gyb\n' +
  '5 cc 1j3z\n' +
  '6 rw 1x 33x 4x0 1 9 ns7 1a3 ljr\n' +
  '7 4kq 122 19vy 3xw gxw jn8 k\n' +
  '8 f6 1 1jb 3k un3 ihd kbo p1p\n' +
  '9 1yl 3e 75 ed 671 1 o83 1 md9 w a fzf nxt\n' +
  'a gh 8w w 2n w 322 ez 2pd 4 pkk 19y h8c lgg m4g 1 p g\n' +
  'b ao 1 1 1 1 5r 8v 3j 1 q 1i 1 15 1 nc 2d6 11 3i 1 l 87 20 4gb nri 3r gt hxq v 2o r l96 jm9\n' +
  'c 4i 6d 51 dh w 2x 1 28p 2e p1 1pg 3l pp 2df 1 nqt 1cl h6b 2o 7n 14 66 3wu 9 10ea 6d6 15q\n' +
  'd 5s 1s 1 3c 1 1 1 5m 1 iy 2vz 1z 3s o 9j c 24h q3r 1 ibc 17s2\n' +
  'e g6 1 9a 3k w 3s 2 2y5 2o2 cx 20q nnb 63 12f h90 4dc 8 139v\n' +
  'f b5 1 6q 9k bs gf 2qp 1iy 8f qio jf 1 po h1l 7d u hs 3ul w 10lt\n' +
  'g b1 6 29 1 3f 1 iz 39 2tb 1f 1w0 qqb 1q3z\n' +
  'h 86 1 8v 8h 3q 1q 1z o 1 c 2 4n 289 le 7 1c ay 4iz 13 nrt by i7u 17j7 k 1\n' +
  'i 4h 40 2t 1 5t 1 1 8f w 25 28 8c 2sj 1xy 1 16f 5 1sq 1 o1g 9z qv lke w\n' +
  'j fr h 1 m 80 38 l 28 7x 2t2 6a si4 k9\n' +
  'k bc 1 e9 3k 3k 4 30o kv 1y0 2bg 17 nr7 h5 ijc 173k 1\n' +
  'l 8x 1 2g 12 4r 2 gj f 7a a i 1i 1m i 3i 61 2dw 5o ev 4 b 4cg 3e 5 nma h 3h eq 3h hvw 3j 7m 6r o sg m0 2v 2dp 10o 7 f7n hr 93 30 i mjd\n' +
  'm hd 8b 2m y 4x 43 2tz ft 6e 1ax mu 2cz nrb 19u h9b 2p 1sg 25b df 136v 1 1\n' +
  'n 97 2a 1 5w 1 8a q cb 6 4 4qc 2zu nra ib2 p1 4a3 12tr 1 1\n' +
  'o 60 w 4n 5y 83 7 p 7 4 16 1d w 1g 1 39 1 30 1c 2k 20 u u 2h 3 2 i w a 5d b 39 86 3k 3k 3k 1m 1y 3k 3k 3k 1m 1y 6i 3k 8w d z 47 14 c 4x 7o 34 2s q 19 s5 gi j 1n g du 1p 28 2 z8 41 7 2r 2t 7 1t0 1 d 1 42 g j j7 n3g bz 4o 1 s2 1 1i q 19 h5j p 2s 6t 14 46 14 18 8 su kr 6o sv e q4 rp j f 9 zk eyj 9a pj joa 2le ec c0 3z8\n' +
  'p 72 4m 1 q de w 1j 14 w 336 3v p 1rr 16f 1ta 1 17 1 npe iis\n' +
  'q io hm 1 20 3 7vz 2dpb\n' +
  'r bq 4m 1 1b 1 c6 2m 2 2z2 1d c5 1i7 24 2z7 nry 19g 1 1l hmb k11 10c jj5 2ld\n' +
  's cd 5h ar 28 6y 1jk pq 1s k8 5 1r7 53 qr2 44 cb 44 rp h64 ay 14 41l g7p v8\n' +
  't 9y 1 1w 1 1 1 40 9y 3i 3u ms 2bm t 1x2 mx dy 59 vs y5 vg 5pv h5b 1j ap i6j q 2s 49z h1q ju1 73p\n' +
  'u g4 1z 8q 4a 6m 1c 2gz cs 3k r 1px 2q x8 49 ppt iz q7 4 22 hma 14 3wi w h2i m47\n' +
  'v ql 53 1 9v 3z 40 2jm 2e 1rl zs 49 22f nn2 e1 y2 gz2 p2 1du 25j be w h1k iyc lt 2mc 1 dv 4ar\n' +
  'w hb d5 p s 4f 1 1w 2tu x 1u5 p4 1tl kb nql hj 49 p5 x krl g5 4 1 d3 9 10kd 2lv 1q\n' +
  'x 5z k0 3i w 31 39r 1o 6o 1 21 4s 13m 1oe qg 1 77 1 ho 4x nm6 js hr7 6y 10 2r b ed 1d8 33 1s 1m 2cw\n' +
  'y 4l 7i 1 4a 1 k 18 7q e 34 w 2z 1 1 1 m3 1sr jm k 1xr ab 2p5 1 vl 5qp h4x cm x4 h94 1v2 2h0 w o h2f m3y 10\n' +
  'z c5 1 32 1 2z 7a 2lz l2 1un 2c 2yd 1 w 1 4g nn3 dp y2 h9e eq 3vm 1o d3'
