import Codec
import CodecSchemas

/// The side of protobuf's conformance protocol that is tested: a message comes as bytes, and is
/// answered as bytes or JSON once it was decoded.
enum Conformance {
  static func run() throws(TesteeError) {
    while let request = try Pipe.read() {
      try Pipe.write(answer(request).serialized())
    }
  }

  private static func answer(_ bytes: [UInt8]) -> Conformance_ConformanceResponse {
    var response = Conformance_ConformanceResponse()
    do {
      response.result = result(of: try Conformance_ConformanceRequest(serialized: bytes))
    } catch {
      response.result = .runtimeError("the request itself is malformed: \(error)")
    }
    return response
  }

  private static func result(
    of request: Conformance_ConformanceRequest
  ) -> Conformance_ConformanceResponse.OneOf_Result {
    if request.messageType == Conformance_FailureSet.protoName {
      // Expected failures are in failures.txt, which the runner is given itself.
      return .protobufPayload(Conformance_FailureSet().serialized())
    }
    guard case .protobufPayload(let payload)? = request.payload else {
      return .skipped("Codec decodes binary messages only")
    }
    guard let type = types[request.messageType] else {
      return .skipped("\(request.messageType) is not proto3")
    }
    return recode(payload, as: type, into: request.requestedOutputFormat)
  }

  private static func recode<M: Message>(
    _ payload: [UInt8], as type: M.Type, into format: Conformance_WireFormat
  ) -> Conformance_ConformanceResponse.OneOf_Result {
    do {
      let message = try M(serialized: payload)
      switch format {
      case .protobuf: return .protobufPayload(message.serialized())
      case .json: return json(message)
      default: return .skipped("Codec encodes binary messages and JSON only")
      }
    } catch {
      return .parseError("\(error)")
    }
  }

  private static func json(
    _ message: some Message
  ) -> Conformance_ConformanceResponse.OneOf_Result {
    do {
      return .jsonPayload(try JSONPrinter(isPretty: false).strictlyPrint(message))
    } catch {
      return .serializeError("\(error)")
    }
  }

  /// What may be asked for: the runner's own type, and all that the cross-check sends.
  private static let types: [String: any Message.Type] = {
    let all: [any Message.Type] = [
      ProtobufTestMessages_Proto3_TestAllTypesProto3.self, KitchenScalars.self,
      KitchenOptionals.self, KitchenRepeated.self, KitchenMaps.self, KitchenChoice.self,
      KitchenNode.self, KitchenReserved.self, KitchenWellKnown.self, KitchenNumbers.self,
      KitchenNothing.self,
    ]
    return Dictionary(uniqueKeysWithValues: all.map { ($0.protoName, $0) })
  }()
}
