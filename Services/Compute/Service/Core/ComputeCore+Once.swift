import Codec
import ComputeDomain
import Crypto
import RPC

// Commands that are carried out once per idempotency key of the caller's tenant.
//
// The same key with the same request of the same user gives the same answer again, to the byte;
// with another one ALREADY_EXISTS. Without a key every call is a command of its own.

extension ComputeCore {
  /// Carries a command out, and answers once it is on the disk.
  ///
  /// The bytes that are kept for the key are those that are sent, now and at each repeat.
  func once<Request: Message, Response: Message>(
    _ call: CallIdentity, key: String, request: Request, _ answer: Answer<Response>,
    _ body: @escaping @Sendable (LedgerSession) throws -> Response
  ) throws {
    guard !key.isEmpty else { return command(call, answer, body) }
    guard key.utf8.count <= ComputeLimits.maximumKeyBytes,
      key.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      throw RPCError.invalidField(
        "idempotency_key",
        "at most \(ComputeLimits.maximumKeyBytes) printable ASCII characters without spaces")
    }
    let asked = AnswerLog.Request(
      tenant: call.scope.tenant, key: key, fingerprint: Self.fingerprint(of: request, by: call))
    let hash = asked.hash
    ledger.submit(.tenant(asked.tenant), answer: answer.raw, status: status) { session in
      let answers = session.state.answers
      if let known = try answers.answer(to: asked, hash: hash, session.tx) {
        guard known.fingerprint == asked.fingerprint else {
          throw RPCError.alreadyExists("command with another content under the key", asked.key)
        }
        return known.response
      }
      let response = try body(session).serialized()
      answers.append(asked, hash: hash, response: response)
      return response
    }
  }

  /// Carries a command out, and returns its answer once it is on the disk.
  func once<Request: Message, Response: Message>(
    _ call: CallIdentity, key: String, request: Request,
    _ body: @escaping @Sendable (LedgerSession) throws -> Response
  ) async throws -> Response {
    try Task.checkCancellation()
    return try await Answer<Response>.wait {
      try once(call, key: key, request: request, $0, body)
    }
  }

  /// The digest of what was asked, by whom: each with its length before it.
  ///
  /// Of the message as we write it, not as it came: fields may come in any order and defaults
  /// spelt out, so that the same command from another client would be another one, and what is
  /// stored was made so. Fields that we do not know are written again, and count.
  private static func fingerprint(of request: some Message, by call: CallIdentity) -> Digest {
    let messageBytes = request.encodedSize
    let size =
      WireSize.string(call.method) + WireSize.string(call.scope.user)
      + WireSize.delimited(messageBytes)
    return withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { memory in
      var writer = WireWriter(memory)
      writer.writeString(call.method)
      writer.writeString(call.scope.user)
      writer.writeVarint(UInt64(messageBytes))
      request.encode(into: &writer)
      return SHA256.hash(UnsafeRawBufferPointer(memory))
    }
  }
}
