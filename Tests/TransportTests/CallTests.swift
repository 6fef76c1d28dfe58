import API
import RPC
import Testing
import Transport

@Suite("Calls over real sockets", .timeLimit(.minutes(2)))
struct CallTests {
  @Test("a unary call comes back", arguments: [false, true])
  func unary(overTLS: Bool) async throws {
    try await withEchoServer(tls: overTLS ? TestCertificates.server : nil) { server in
      let client = try server.client(tls: overTLS ? TestCertificates.client : nil)
      for size in [0, 1, 64, 4_096, 65_536, 200_000, 3_000_000] {
        let answer = try await client.unary(
          TestingEcho(payload: [UInt8](repeating: 9, count: size)))
        #expect(answer.payload.count == size)
      }
    }
  }

  @Test("many concurrent calls on one connection each get their own answer")
  func concurrent() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<2_000 {
          group.addTask {
            let payload = [UInt8](String(index).utf8)
            let answer = try await client.unary(TestingEcho(payload: payload))
            #expect(answer.payload == payload)
          }
        }
        try await group.waitForAll()
      }
      #expect(server.handler.unaryCalls.load(ordering: .relaxed) == 2_000)
    }
  }

  @Test("client streaming, with messages larger than the window", arguments: [false, true])
  func clientStreaming(overTLS: Bool) async throws {
    try await withEchoServer(tls: overTLS ? TestCertificates.server : nil) { server in
      let client = try server.client(tls: overTLS ? TestCertificates.client : nil)
      let sizes = [27_182, 8, 1_828, 45_904, 2_000_000, 0, 300_000]
      let answer = try await client.collect { writer in
        for size in sizes {
          try await writer.send(TestingEcho(payload: [UInt8](repeating: 1, count: size)))
        }
      }
      #expect(answer.responseBytes == Int32(sizes.reduce(0, +)))
    }
  }

  @Test("server streaming gives all messages in order, then ends", arguments: [false, true])
  func serverStreaming(overTLS: Bool) async throws {
    try await withEchoServer(tls: overTLS ? TestCertificates.server : nil) { server in
      let client = try server.client(tls: overTLS ? TestCertificates.client : nil)
      let request = TestingEcho(responseCount: 200, responseBytes: 50_000)
      let seen = try await client.expand(request) { reader in
        var seen: [UInt8] = []
        for try await message in reader {
          #expect(message.payload.count == 50_000)
          seen.append(message.payload[0])
        }
        return seen
      }
      #expect(seen == (0..<200).map { UInt8(truncatingIfNeeded: $0) })
    }
  }

  @Test("messages that came before a failing status are delivered, then the failure")
  func statusAfterMessages() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      let request = TestingEcho(
        statusCode: StatusCode.dataLoss.rawValue, statusMessage: "spilt", responseCount: 3,
        responseBytes: 10)
      var count = 0
      await #expect(throws: RPCError(.dataLoss, "spilt")) {
        try await client.expand(request) { reader in
          while try await reader.next() != nil { count += 1 }
        }
      }
      #expect(count == 3)
    }
  }

  @Test("ping-pong on one bidirectional call")
  func bidirectional() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      try await client.chat { writer, reader in
        for size in [27_182, 8, 1_828, 45_904] {
          try await writer.send(TestingEcho(payload: [UInt8](repeating: 3, count: size)))
          let answer = try await reader.next()
          #expect(answer?.payload.count == size)
        }
      }
    }
  }

  @Test("code and message of an error arrive as the handler threw them")
  func status() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      for code in StatusCode.allCases where code != .ok && code != .unavailable {
        await #expect(throws: RPCError(code, "grüße \t\n")) {
          try await client.unary(
            TestingEcho(statusCode: code.rawValue, statusMessage: "grüße \t\n"))
        }
      }
    }
  }

  @Test("an unknown method is UNIMPLEMENTED and the connection lives on")
  func unknownMethod() async throws {
    try await withEchoServer { server in
      let channel = try server.channel()
      let method = MethodDescriptor(name: "assay.testing.v1.EchoService.Missing")
      await #expect {
        let _: TestingEcho = try await channel.unary(method, TestingEcho())
      } throws: {
        ($0 as? RPCError)?.code == .unimplemented
      }
      let answer = try await TestingEchoServiceClient(channel).unary(TestingEcho(payload: [1]))
      #expect(answer.payload == [1])
    }
  }

  @Test("a deadline ends the call on both sides")
  func deadline() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      // With the connection made, the deadline is the call's alone.
      _ = try await client.unary(TestingEcho())
      var options = CallOptions()
      options.timeoutMilliseconds = 200
      await #expect {
        try await client.unary(TestingEcho(delayMilliseconds: 60_000), options: options)
      } throws: {
        ($0 as? RPCError)?.code == .deadlineExceeded
      }
      try await eventually {
        let begun = server.handler.unaryCalls.load(ordering: .relaxed) - 1
        return server.handler.cancelledCalls.load(ordering: .relaxed) == begun
      }
    }
  }

  @Test("cancelling the client's task cancels the handler's task")
  func cancellation() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      let task = Task { try await client.unary(TestingEcho(delayMilliseconds: 60_000)) }
      try await eventually { server.handler.unaryCalls.load(ordering: .relaxed) == 1 }
      task.cancel()
      await #expect(throws: RPCError.self) { try await task.value }
      try await eventually { server.handler.cancelledCalls.load(ordering: .relaxed) == 1 }
    }
  }

  @Test("a message over the announced limit is refused by the sender, naming limit and actual")
  func messageLimit() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      _ = try await client.unary(TestingEcho())
      await #expect {
        try await client.unary(TestingEcho(payload: [UInt8](repeating: 0, count: 5 << 20)))
      } throws: { error in
        let limit = (error as? RPCError)?.details.limit
        return limit?.name == "max_message_bytes" && limit?.limit == 4 << 20
          && limit?.actual ?? 0 > 5 << 20
      }
    }
  }

  @Test("a drained server finishes what runs and takes nothing new")
  func drain() async throws {
    try await withEchoServer { server in
      let client = try server.client()
      let slow = Task { try await client.unary(TestingEcho(payload: [5], delayMilliseconds: 300)) }
      try await eventually { server.handler.unaryCalls.load(ordering: .relaxed) == 1 }
      server.listener.close()
      server.server.drain()
      #expect(try await slow.value.payload == [5])
      try await eventually { server.server.connectionCount == 0 }
      await #expect {
        try await client.unary(TestingEcho())
      } throws: {
        ($0 as? RPCError)?.code == .unavailable
      }
    }
  }

  @Test("a certificate of an unknown authority is refused with its reason")
  func untrusted() async throws {
    try await withEchoServer(tls: TestCertificates.server) { server in
      let client = try server.client(tls: TLSClientOptions(caFile: nil))
      await #expect {
        try await client.unary(TestingEcho())
      } throws: {
        ($0 as? RPCError)?.code == .unavailable && "\($0)".contains("not trusted")
      }
    }
  }
}

/// Waits until `condition` holds; the suite's time limit ends what never does.
func eventually(_ condition: () -> Bool) async throws {
  while !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
