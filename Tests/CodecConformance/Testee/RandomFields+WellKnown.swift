import Codec
import CodecSchemas

// The well-known types that protobuf's test message has fields of.

extension Google_Protobuf_Any: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&typeUrl)
    random.fill(&value)
  }
}

extension Google_Protobuf_Duration: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&seconds)
    random.fill(&nanos)
  }
}

extension Google_Protobuf_FieldMask: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&paths)
  }
}

extension Google_Protobuf_Timestamp: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&seconds)
    random.fill(&nanos)
  }
}

extension Google_Protobuf_Struct: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&fields)
  }
}

extension Google_Protobuf_Value: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(
      &kind,
      [
        { .nullValue(.random(&$0)) },
        { .numberValue(.random(&$0)) },
        { .stringValue(.random(&$0)) },
        { .boolValue(.random(&$0)) },
        { .structValue(.random(&$0)) },
        { .listValue(.random(&$0)) },
      ])
  }
}

extension Google_Protobuf_ListValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&values)
  }
}

extension Google_Protobuf_BoolValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_Int32Value: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_Int64Value: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_UInt32Value: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_UInt64Value: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_FloatValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_DoubleValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_StringValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}

extension Google_Protobuf_BytesValue: RandomMessage {
  mutating func fill(_ random: inout RandomFields) {
    random.fill(&value)
  }
}
