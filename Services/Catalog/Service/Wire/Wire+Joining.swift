import API
import CatalogDomain
import Identity

extension Metadataset {
  var wire: CatalogMetadataset {
    var wire = CatalogMetadataset()
    wire.id = id
    wire.tenant = tenant
    wire.name = name
    wire.purpose = purpose.wire
    wire.task = task.wire
    wire.datasetId = datasetID
    wire.rowCount = rowCount
    wire.columns = columns
    wire.classCounts = .init(classCounts)
    wire.sha256 = sha256
    wire.createTime = Google_Protobuf_Timestamp(unixMilliseconds: createTime)
    return wire
  }
}

extension Invite {
  func wire(title: String, now: Int64) -> CatalogInvite {
    var wire = CatalogInvite()
    wire.id = id
    wire.useCaseId = useCaseID
    wire.useCaseTitle = title
    wire.email = email
    wire.state = state(at: now).wire
    wire.createTime = Google_Protobuf_Timestamp(unixMilliseconds: createTime)
    wire.sendTime = sendTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    wire.expireTime = Google_Protobuf_Timestamp(unixMilliseconds: expireTime)
    wire.participantId = participantID ?? ""
    return wire
  }
}

extension Participant {
  /// The team in full, for the owning tenant and for its own members.
  var wire: CatalogParticipant {
    CatalogParticipant(
      id: id, useCaseId: useCaseID, tenant: tenant, name: name, emails: emails,
      joinTime: Google_Protobuf_Timestamp(unixMilliseconds: joinTime))
  }

  /// The team as others see it: who is behind the name is not theirs to know.
  var publicWire: CatalogParticipant {
    CatalogParticipant(
      id: id, useCaseId: useCaseID, name: name,
      joinTime: Google_Protobuf_Timestamp(unixMilliseconds: joinTime))
  }

  var snapshot: CatalogSnapshotParticipant {
    CatalogSnapshotParticipant(
      id: id, tenant: tenant, name: name, emails: emails,
      joinTime: Google_Protobuf_Timestamp(unixMilliseconds: joinTime))
  }
}

extension AuditEntry {
  var wire: CatalogAuditEntry {
    CatalogAuditEntry(
      sequence: sequence, useCaseId: useCaseID, actor: actor, action: action, detail: detail,
      time: Google_Protobuf_Timestamp(unixMilliseconds: time), sha256: digest.hex)
  }
}
