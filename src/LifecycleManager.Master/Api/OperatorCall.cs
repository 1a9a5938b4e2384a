using System.Text.Json.Serialization;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>An operator's call. The type is text, so that a call that this master does not have can be named.</summary>
internal sealed record OperatorCall
{
    public string? Type { get; init; }

    public UpdateWeightsCall? UpdateWeights { get; init; }

    public UpdateQuotaCall? UpdateQuota { get; init; }

    public SetQuotaCall? SetQuota { get; init; }

    public RemoveQuotaCall? RemoveQuota { get; init; }

    public UpdateScheduleCall? UpdateMaintenanceSchedule { get; init; }

    public DrainCall? DrainAgent { get; init; }

    public AgentOnlyCall? DeactivateAgent { get; init; }

    public AgentOnlyCall? ReactivateAgent { get; init; }

    public AgentOnlyCall? MarkAgentGone { get; init; }

    public TeardownCall? Teardown { get; init; }

    public ResourcesCall? ReserveResources { get; init; }

    public ResourcesCall? UnreserveResources { get; init; }

    public sealed record UpdateWeightsCall(IReadOnlyList<WeightInfo>? WeightInfos);

    public sealed record WeightInfo(string Role, double Weight);

    public sealed record UpdateQuotaCall(IReadOnlyList<QuotaConfig>? QuotaConfigs, bool? Force = null);

    public sealed record SetQuotaCall(QuotaRequest? QuotaRequest);

    public sealed record QuotaRequest(string? Role, IReadOnlyList<Resource>? Guarantee, bool? Force = null);

    public sealed record RemoveQuotaCall(string? Role);

    public sealed record UpdateScheduleCall(MaintenanceSchedule? Schedule);

    public sealed record AgentOnlyCall(AgentId? AgentId);

    public sealed record DrainCall(AgentId? AgentId, DurationInfo? MaxGracePeriod = null, bool? MarkGone = null);

    public sealed record TeardownCall(FrameworkId? FrameworkId);

    public sealed record ResourcesCall(AgentId? AgentId, IReadOnlyList<Resource>? Resources);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(OperatorCall))]
[JsonSerializable(typeof(OperatorCall.QuotaRequest))]
[JsonSerializable(typeof(List<OperatorCall.WeightInfo>))]
internal sealed partial class OperatorJson : JsonSerializerContext;
