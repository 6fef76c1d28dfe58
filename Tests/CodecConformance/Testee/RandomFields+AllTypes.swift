import Codec
import CodecSchemas

// Every field of protobuf's own test message once, in the schema's order.

extension ProtobufTestMessages_Proto3_TestAllTypesProto3.NestedEnum: RandomValue {}
extension ProtobufTestMessages_Proto3_TestAllTypesProto3.AliasedEnum: RandomValue {}
extension ProtobufTestMessages_Proto3_ForeignEnum: RandomValue {}
extension Google_Protobuf_NullValue: RandomValue {}

extension ProtobufTestMessages_Proto3_TestAllTypesProto3: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&optionalInt32)
    random.fill(&optionalInt64)
    random.fill(&optionalUint32)
    random.fill(&optionalUint64)
    random.fill(&optionalSint32)
    random.fill(&optionalSint64)
    random.fill(&optionalFixed32)
    random.fill(&optionalFixed64)
    random.fill(&optionalSfixed32)
    random.fill(&optionalSfixed64)
    random.fill(&optionalFloat)
    random.fill(&optionalDouble)
    random.fill(&optionalBool)
    random.fill(&optionalString)
    random.fill(&optionalBytes)
    random.fill(&optionalNestedMessage)
    random.fill(&optionalForeignMessage)
    random.fill(&optionalNestedEnum)
    random.fill(&optionalForeignEnum)
    random.fill(&optionalAliasedEnum)
    random.fill(&optionalStringPiece)
    random.fill(&optionalCord)
    random.fill(&recursiveMessage)
    random.fill(&repeatedInt32)
    random.fill(&repeatedInt64)
    random.fill(&repeatedUint32)
    random.fill(&repeatedUint64)
    random.fill(&repeatedSint32)
    random.fill(&repeatedSint64)
    random.fill(&repeatedFixed32)
    random.fill(&repeatedFixed64)
    random.fill(&repeatedSfixed32)
    random.fill(&repeatedSfixed64)
    random.fill(&repeatedFloat)
    random.fill(&repeatedDouble)
    random.fill(&repeatedBool)
    random.fill(&repeatedString)
    random.fill(&repeatedBytes)
    random.fill(&repeatedNestedMessage)
    random.fill(&repeatedForeignMessage)
    random.fill(&repeatedNestedEnum)
    random.fill(&repeatedForeignEnum)
    random.fill(&repeatedStringPiece)
    random.fill(&repeatedCord)
    random.fill(&packedInt32)
    random.fill(&packedInt64)
    random.fill(&packedUint32)
    random.fill(&packedUint64)
    random.fill(&packedSint32)
    random.fill(&packedSint64)
    random.fill(&packedFixed32)
    random.fill(&packedFixed64)
    random.fill(&packedSfixed32)
    random.fill(&packedSfixed64)
    random.fill(&packedFloat)
    random.fill(&packedDouble)
    random.fill(&packedBool)
    random.fill(&packedNestedEnum)
    random.fill(&unpackedInt32)
    random.fill(&unpackedInt64)
    random.fill(&unpackedUint32)
    random.fill(&unpackedUint64)
    random.fill(&unpackedSint32)
    random.fill(&unpackedSint64)
    random.fill(&unpackedFixed32)
    random.fill(&unpackedFixed64)
    random.fill(&unpackedSfixed32)
    random.fill(&unpackedSfixed64)
    random.fill(&unpackedFloat)
    random.fill(&unpackedDouble)
    random.fill(&unpackedBool)
    random.fill(&unpackedNestedEnum)
    random.fill(&mapInt32Int32)
    random.fill(&mapInt64Int64)
    random.fill(&mapUint32Uint32)
    random.fill(&mapUint64Uint64)
    random.fill(&mapSint32Sint32)
    random.fill(&mapSint64Sint64)
    random.fill(&mapFixed32Fixed32)
    random.fill(&mapFixed64Fixed64)
    random.fill(&mapSfixed32Sfixed32)
    random.fill(&mapSfixed64Sfixed64)
    random.fill(&mapInt32Float)
    random.fill(&mapInt32Double)
    random.fill(&mapBoolBool)
    random.fill(&mapStringString)
    random.fill(&mapStringBytes)
    random.fill(&mapStringNestedMessage)
    random.fill(&mapStringForeignMessage)
    random.fill(&mapStringNestedEnum)
    random.fill(&mapStringForeignEnum)
    random.fill(
      &oneofField,
      [
        { .oneofUint32(.random(&$0)) },
        { .oneofNestedMessage(.random(&$0)) },
        { .oneofString(.random(&$0)) },
        { .oneofBytes(.random(&$0)) },
        { .oneofBool(.random(&$0)) },
        { .oneofUint64(.random(&$0)) },
        { .oneofFloat(.random(&$0)) },
        { .oneofDouble(.random(&$0)) },
        { .oneofEnum(.random(&$0)) },
        { .oneofNullValue(.random(&$0)) },
      ])
    random.fill(&optionalBoolWrapper)
    random.fill(&optionalInt32Wrapper)
    random.fill(&optionalInt64Wrapper)
    random.fill(&optionalUint32Wrapper)
    random.fill(&optionalUint64Wrapper)
    random.fill(&optionalFloatWrapper)
    random.fill(&optionalDoubleWrapper)
    random.fill(&optionalStringWrapper)
    random.fill(&optionalBytesWrapper)
    random.fill(&repeatedBoolWrapper)
    random.fill(&repeatedInt32Wrapper)
    random.fill(&repeatedInt64Wrapper)
    random.fill(&repeatedUint32Wrapper)
    random.fill(&repeatedUint64Wrapper)
    random.fill(&repeatedFloatWrapper)
    random.fill(&repeatedDoubleWrapper)
    random.fill(&repeatedStringWrapper)
    random.fill(&repeatedBytesWrapper)
    random.fill(&optionalDuration)
    random.fill(&optionalTimestamp)
    random.fill(&optionalFieldMask)
    random.fill(&optionalStruct)
    random.fill(&optionalAny)
    random.fill(&optionalValue)
    random.fill(&optionalNullValue)
    random.fill(&repeatedDuration)
    random.fill(&repeatedTimestamp)
    random.fill(&repeatedFieldmask)
    random.fill(&repeatedStruct)
    random.fill(&repeatedAny)
    random.fill(&repeatedValue)
    random.fill(&repeatedListValue)
    random.fill(&fieldname1)
    random.fill(&fieldName2)
    random.fill(&fieldName3)
    random.fill(&fieldName4)
    random.fill(&field0name5)
    random.fill(&field0Name6)
    random.fill(&fieldName7)
    random.fill(&fieldName8)
    random.fill(&fieldName9)
    random.fill(&fieldName10)
    random.fill(&fieldName11)
    random.fill(&fieldName12)
    random.fill(&fieldName13)
    random.fill(&fieldName14)
    random.fill(&fieldName15)
    random.fill(&fieldName16)
    random.fill(&fieldName17)
    random.fill(&fieldName18)
  }
}

extension ProtobufTestMessages_Proto3_TestAllTypesProto3.NestedMessage: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&a)
    random.fill(&corecursive)
  }
}

extension ProtobufTestMessages_Proto3_ForeignMessage: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&c)
  }
}
