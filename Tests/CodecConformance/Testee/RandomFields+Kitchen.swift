import Codec
import CodecSchemas

// Every field of the kitchen sink's messages once, in the schema's order. That none is missing is
// checked on the other side, which counts the fields that it has seen set.

extension KitchenCookingState: RandomValue {}

extension KitchenScalars: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&aDouble)
    random.fill(&aFloat)
    random.fill(&anInt32)
    random.fill(&anInt64)
    random.fill(&aUint32)
    random.fill(&aUint64)
    random.fill(&aSint32)
    random.fill(&aSint64)
    random.fill(&aFixed32)
    random.fill(&aFixed64)
    random.fill(&aSfixed32)
    random.fill(&aSfixed64)
    random.fill(&aBool)
    random.fill(&aString)
    random.fill(&someBytes)
    random.fill(&state)
  }
}

extension KitchenOptionals: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&aDouble)
    random.fill(&aFloat)
    random.fill(&anInt32)
    random.fill(&anInt64)
    random.fill(&aUint32)
    random.fill(&aUint64)
    random.fill(&aSint32)
    random.fill(&aSint64)
    random.fill(&aFixed32)
    random.fill(&aFixed64)
    random.fill(&aSfixed32)
    random.fill(&aSfixed64)
    random.fill(&aBool)
    random.fill(&aString)
    random.fill(&someBytes)
    random.fill(&state)
    random.fill(&scalars)
  }
}

extension KitchenRepeated: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&doubles)
    random.fill(&floats)
    random.fill(&int32s)
    random.fill(&int64s)
    random.fill(&uint32s)
    random.fill(&uint64s)
    random.fill(&sint32s)
    random.fill(&sint64s)
    random.fill(&fixed32s)
    random.fill(&fixed64s)
    random.fill(&sfixed32s)
    random.fill(&sfixed64s)
    random.fill(&bools)
    random.fill(&strings)
    random.fill(&byteStrings)
    random.fill(&states)
    random.fill(&messages)
    random.fill(&unpackedInt32s)
    random.fill(&unpackedFixed64s)
  }
}

extension KitchenMaps: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&int32s)
    random.fill(&int64s)
    random.fill(&uint32s)
    random.fill(&uint64s)
    random.fill(&sint32s)
    random.fill(&sint64s)
    random.fill(&fixed32s)
    random.fill(&fixed64s)
    random.fill(&sfixed32s)
    random.fill(&sfixed64s)
    random.fill(&floats)
    random.fill(&doubles)
    random.fill(&bools)
    random.fill(&strings)
    random.fill(&byteStrings)
    random.fill(&states)
    random.fill(&messages)
    random.fill(&recursive)
  }
}

extension KitchenChoice: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&before)
    random.fill(
      &kind,
      [
        { .aDouble(.random(&$0)) },
        { .aFloat(.random(&$0)) },
        { .anInt32(.random(&$0)) },
        { .anInt64(.random(&$0)) },
        { .aUint32(.random(&$0)) },
        { .aUint64(.random(&$0)) },
        { .aSint32(.random(&$0)) },
        { .aSint64(.random(&$0)) },
        { .aFixed32(.random(&$0)) },
        { .aFixed64(.random(&$0)) },
        { .aSfixed32(.random(&$0)) },
        { .aSfixed64(.random(&$0)) },
        { .aBool(.random(&$0)) },
        { .aString(.random(&$0)) },
        { .someBytes(.random(&$0)) },
        { .state(.random(&$0)) },
        { .scalars(.random(&$0)) },
        { .choice(.random(&$0)) },
      ])
    random.fill(&between)
    random.fill(
      &other,
      [
        { .first(.random(&$0)) },
        { .second(.random(&$0)) },
      ])
  }
}
