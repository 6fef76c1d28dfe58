import CatalogDomain
import Testing

@Suite("A use case's life")
struct UseCaseStateTests {
  /// What each action makes of each state; what is not listed is refused.
  static let table: [UseCaseState: [UseCaseAction: UseCaseState]] = [
    .draft: [.publish: .published],
    .published: [
      .publish: .published, .resume: .published, .pause: .paused, .close: .closed,
    ],
    .paused: [.pause: .paused, .resume: .published, .close: .closed],
    .closed: [.close: .closed, .archive: .archived],
    .archived: [.archive: .archived],
  ]

  @Test(
    "each action leads where the picture says, and nowhere else",
    arguments: UseCaseState.allCases, UseCaseAction.allCases)
  func transitions(state: UseCaseState, action: UseCaseAction) throws {
    guard let expected = Self.table[state]?[action] else {
      let error = #expect(throws: CatalogError.self) { try state.applying(action) }
      guard case .notNow(let message, _) = error else {
        Issue.record("expected notNow, got \(String(describing: error))")
        return
      }
      #expect(message.contains(state.rawValue))
      return
    }
    // Nil says that the use case is there already.
    #expect(try state.applying(action) == (expected == state ? nil : expected))
  }

  @Test("teams join while it is published or paused only")
  func joining() {
    #expect(UseCaseState.allCases.filter(\.takesParticipants) == [.published, .paused])
  }
}
