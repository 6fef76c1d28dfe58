import EvaluationDomain
import Testing

@Suite("Domain: who sees a use case and when it takes submissions")
struct UseCaseRulesTests {
  func rules(
    isPublic: Bool = false, state: UseCaseRules.State = .published, start: Int64? = 100,
    end: Int64? = 200
  ) -> UseCaseRules {
    UseCaseRules(
      tenant: "clinic", isPublic: isPublic, state: state, startTime: start, endTime: end,
      limits: SubmissionLimits())
  }

  @Test("It is open from its start on and closed at its end, to the millisecond")
  func openInterval() throws {
    #expect(throws: ClosedReason.notStarted(startTime: 100)) { try rules().checkOpen(at: 99) }
    try rules().checkOpen(at: 100)
    try rules().checkOpen(at: 199)
    #expect(throws: ClosedReason.ended(endTime: 200)) { try rules().checkOpen(at: 200) }
  }

  @Test(
    "Only a published one takes submissions",
    arguments: [
      UseCaseRules.State.draft, .paused, .closed, .archived,
    ])
  func otherStates(state: UseCaseRules.State) {
    #expect(throws: ClosedReason.notPublished(state)) {
      try rules(state: state).checkOpen(at: 150)
    }
  }

  @Test("Staff of the owning tenant sees all; staff of another tenant nothing")
  func staff() {
    #expect(
      Relation.of(Viewer(tenant: "clinic", isStaff: true), participant: nil, rules: rules())
        == .staff)
    #expect(
      Relation.of(Viewer(tenant: "vendor", isStaff: true), participant: nil, rules: rules())
        == nil)
  }

  @Test("A plain participant of the owning tenant is not staff")
  func ownTenantWithoutRole() {
    #expect(
      Relation.of(Viewer(tenant: "clinic", isStaff: false), participant: nil, rules: rules())
        == nil)
  }

  @Test("A member sees a private one as its participant")
  func member() {
    #expect(
      Relation.of(Viewer(tenant: "vendor", isStaff: false), participant: "par_1", rules: rules())
        == .member(participant: "par_1"))
  }

  @Test("Everybody visits a public one, but not its draft")
  func visitor() {
    let anybody = Viewer(tenant: "else", isStaff: false)
    #expect(Relation.of(anybody, participant: nil, rules: rules(isPublic: true)) == .visitor)
    #expect(
      Relation.of(anybody, participant: nil, rules: rules(isPublic: true, state: .draft)) == nil)
  }
}
