import API
import CatalogDomain
import RPC
import Testing

@testable import CatalogService

@Suite("Invites, mails and joining")
struct InviteTests {
  @Test("each address is mailed once, however often it is invited, saved and published")
  func neverTwice() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let first = try await world.invite(["ada@vendor.eu", "Bob@Vendor.eu"], to: draft.id)
    let again = try await world.invite(["ADA@vendor.eu", "bob@vendor.eu"], to: draft.id)
    #expect(again.map(\.id) == first.map(\.id))
    await world.catalog.mailPump.sendDue()
    _ = try await world.catalog.change(
      CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
    _ = try await world.invite(["ada@vendor.eu"], to: draft.id)
    await world.catalog.mailPump.sendDue()
    let mails = await world.mailbox.mails
    #expect(mails.map(\.recipient).sorted() == ["ada@vendor.eu", "bob@vendor.eu"])
    #expect(mails.allSatisfy { $0.subject.contains("Breast cancer") })
    let sent = try await world.invite(["ada@vendor.eu"], to: draft.id)
    #expect(sent.first?.sendTime?.unixMilliseconds == World.start)
  }

  @Test("a refused mail is tried again after its pause, an uncertain one never by itself")
  func retries() async throws {
    let world = try await World(mailOutcomes: [.refused("busy"), .sent, .uncertain("hung")])
    let draft = try await world.draft()
    _ = try await world.invite(["ada@vendor.eu"], to: draft.id)
    await world.catalog.mailPump.sendDue()
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.count == 1)
    world.clock.advance(milliseconds: 60_000)
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.map(\.attempt) == [1, 2])
    _ = try await world.invite(["bob@vendor.eu"], to: draft.id)
    await world.catalog.mailPump.sendDue()
    world.clock.advance(milliseconds: World.day)
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.count == 3)
  }

  @Test("what a process was sending when it died is not sent again by the next one")
  func interrupted() async throws {
    let world = try await World()
    let draft = try await world.draft()
    _ = try await world.invite(["ada@vendor.eu"], to: draft.id)
    let taken = try await world.database.write { tx in try tx.takeDueMail(now: World.start) }
    #expect(taken?.recipient == "ada@vendor.eu")
    try await world.catalog.mailPump.start()
    await world.catalog.mailPump.sendDue()
    await world.catalog.mailPump.stop()
    #expect(await world.mailbox.mails.isEmpty)
    #expect(try await world.database.read { try $0.waitingMailCount() } == 0)
  }

  @Test("without a mail command mails stay in the queue")
  func noCommand() async throws {
    let world = try await World(mailOutcomes: nil)
    let draft = try await world.draft()
    let invites = try await world.invite(["ada@vendor.eu"], to: draft.id)
    await world.catalog.mailPump.sendDue()
    #expect(invites.first?.sendTime == nil)
    #expect(try await world.database.read { try $0.waitingMailCount() } == 1)
  }

  @Test("a resend mails once more and renews the expiry, but not while a mail still waits")
  func resend() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let invite = try #require(try await world.invite(["ada@vendor.eu"], to: draft.id).first)
    let request = CatalogResendInviteRequest(id: invite.id)
    _ = try await world.catalog.resendInvite(request, World.organiser)
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.count == 1)
    world.clock.advance(milliseconds: 31 * World.day)
    let renewed = try await world.catalog.resendInvite(request, World.organiser)
    #expect(renewed.state == .pending)
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.count == 2)
  }

  @Test("a revoked invite is not mailed, not accepted, and may be made anew")
  func revoke() async throws {
    let world = try await World()
    let published = try await world.published(inviting: ["ada@vendor.eu", "bob@vendor.eu"])
    let invite = try #require(
      try await world.catalog.listInvites(CatalogListInvitesRequest(), World.vendor)
        .invites.first)
    let request = CatalogRevokeInviteRequest(id: invite.id)
    _ = try await world.catalog.revokeInvite(request, World.organiser)
    #expect(try await world.catalog.revokeInvite(request, World.owner).state == .revoked)
    await world.catalog.mailPump.sendDue()
    #expect(await world.mailbox.mails.map(\.recipient) == ["bob@vendor.eu"])
    let refused = await status { _ = try await world.accept(invite, as: World.vendor) }
    #expect(refused?.code == .failedPrecondition)
    let anew = try await world.invite(["ada@vendor.eu"], to: published.id)
    #expect(anew.first?.state == .pending)
    _ = try await world.accept(invite, as: World.vendor)
  }

  @Test("an expired invite is not accepted")
  func expired() async throws {
    let world = try await World()
    _ = try await world.published()
    let invite = try #require(
      try await world.catalog.listInvites(CatalogListInvitesRequest(), World.vendor)
        .invites.first)
    world.clock.advance(milliseconds: 30 * World.day)
    let refused = await status { _ = try await world.accept(invite, as: World.vendor) }
    #expect(refused?.code == .failedPrecondition)
    #expect(refused?.message.contains("expired") == true)
  }

  @Test("accepting twice is accepting once")
  func acceptTwice() async throws {
    let world = try await World()
    let published = try await world.published()
    let invite = try #require(
      try await world.catalog.listInvites(CatalogListInvitesRequest(), World.vendor)
        .invites.first)
    let first = try await world.accept(invite, as: World.vendor, "Team A")
    #expect(first.name == "Team A" && first.emails == ["ada@vendor.eu"])
    #expect(try await world.accept(invite, as: World.vendor, "Team B") == first)
    #expect(try await world.get(published.id, as: World.vendor).participantCount == 1)
    #expect(try await world.pendingSnapshots("evaluation").count == 2)
  }

  @Test("the same address in another tenant does not get in by an accepted invite")
  func sameAddress() async throws {
    let world = try await World()
    _ = try await world.published()
    let invite = try #require(
      try await world.catalog.listInvites(CatalogListInvitesRequest(), World.vendor)
        .invites.first)
    _ = try await world.accept(invite, as: World.vendor)
    let impostor = World.scope("rival", "ada", [.participant], email: "ada@vendor.eu")
    let refused = await status { _ = try await world.accept(invite, as: impostor) }
    #expect(refused?.code == .notFound)
  }

  @Test("a second user of the same tenant joins the team by its name; another tenant may not")
  func teams() async throws {
    let world = try await World()
    let published = try await world.published(
      inviting: ["ada@vendor.eu", "bob@vendor.eu", "eve@rival.eu"])
    let invites = try await world.catalog.listInvites(
      CatalogListInvitesRequest(useCaseId: published.id), World.organiser
    ).invites
    func invite(_ email: String) throws -> CatalogInvite {
      try #require(invites.first { $0.email == email })
    }
    let team = try await world.accept(invite("ada@vendor.eu"), as: World.vendor, "Alpha")
    let joined = try await world.accept(invite("bob@vendor.eu"), as: World.secondVendor, "ALPHA")
    #expect(joined.id == team.id && joined.emails == ["ada@vendor.eu", "bob@vendor.eu"])
    let refused = await status {
      _ = try await world.accept(invite("eve@rival.eu"), as: World.rival, "alpha")
    }
    #expect(refused?.code == .alreadyExists)
    _ = try await world.accept(invite("eve@rival.eu"), as: World.rival, "Beta")
  }

  @Test("a third team finds the budget for two full, and the limit in the details")
  func full() async throws {
    let world = try await World()
    let published = try await world.published(.public, inviting: [])
    let request = CatalogJoinUseCaseRequest(useCaseId: published.id)
    _ = try await world.catalog.joinUseCase(request, World.vendor)
    _ = try await world.catalog.joinUseCase(request, World.rival)
    let refused = await status {
      _ = try await world.catalog.joinUseCase(request, World.stranger)
    }
    #expect(refused?.code == .resourceExhausted)
    #expect(
      refused?.details.limit
        == LimitExceeded(
          name: "participants", limit: 2, actual: 3, setting: "budget.participants"))
  }

  @Test("a private use case is joined by its invite only, a public one by anyone who sees it")
  func joinPrivate() async throws {
    let world = try await World()
    let published = try await world.published()
    let refused = await status {
      _ = try await world.catalog.joinUseCase(
        CatalogJoinUseCaseRequest(useCaseId: published.id), World.vendor)
    }
    #expect(refused?.code == .failedPrecondition)
  }

  @Test("nobody joins after the end")
  func ended() async throws {
    let world = try await World()
    let published = try await world.published(.public, inviting: [])
    world.clock.advance(milliseconds: 100 * World.day)
    let refused = await status {
      _ = try await world.catalog.joinUseCase(
        CatalogJoinUseCaseRequest(useCaseId: published.id), World.vendor)
    }
    #expect(refused?.code == .failedPrecondition)
  }

  @Test("the invite to a draft waits until it is published")
  func draftInvite() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let invite = try #require(try await world.invite(["ada@vendor.eu"], to: draft.id).first)
    let refused = await status { _ = try await world.accept(invite, as: World.vendor) }
    #expect(refused?.code == .failedPrecondition)
    _ = try await world.catalog.change(
      CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
    #expect(try await world.accept(invite, as: World.vendor).name == "vendor")
  }

  @Test("five hundred addresses are the limit of a use case")
  func inviteLimit() async throws {
    let world = try await World()
    let draft = try await world.draft()
    _ = try await world.invite((0..<500).map { "p\($0)@vendor.eu" }, to: draft.id)
    let refused = await status { _ = try await world.invite(["one@more.eu"], to: draft.id) }
    #expect(refused?.code == .resourceExhausted && refused?.details.limit?.limit == 500)
    let page = try await world.catalog.listInvites(
      CatalogListInvitesRequest(useCaseId: draft.id, pageSize: 100), World.organiser)
    #expect(page.invites.count == 100 && !page.nextPageToken.isEmpty)
  }
}
