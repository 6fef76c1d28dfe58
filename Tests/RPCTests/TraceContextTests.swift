import Testing

@testable import RPC

@Suite("Trace context")
struct TraceContextTests {
  @Test("the W3C example is read and written unchanged")
  func example() throws {
    let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    let trace = try #require(TraceContext(text))
    #expect(trace.header == text)
    #expect(trace.child().traceID == trace.traceID)
    #expect(trace.child().parentID != trace.parentID)
  }

  @Test(
    "what the recommendation forbids is refused",
    arguments: [
      "", "00", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
      "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    ])
  func refused(text: String) {
    #expect(TraceContext(text) == nil)
  }

  @Test("a new trace can be read back")
  func random() {
    let trace = TraceContext.random()
    #expect(TraceContext(trace.header) == trace)
  }
}
