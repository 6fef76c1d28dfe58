@0xd3a1c5a94d8f6b21;

interface Echo {
  unary @0 (data :Data) -> (data :Data);
}
