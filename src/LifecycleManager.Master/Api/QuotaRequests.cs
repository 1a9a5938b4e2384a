using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Master.Api;

/// <summary>Quotas as Mesos had them before limits: a role, and resources that are guaranteed to it and are its limit.</summary>
internal static class QuotaRequests
{
    /// <summary>The quota that a request asks for.</summary>
    /// <exception cref="CallException">It is none (400).</exception>
    public static QuotaConfig Config(OperatorCall.QuotaRequest request)
    {
        if (request.Role is not { Length: > 0 } role) throw Invalid("QuotaInfo must specify a role");
        if (request.Guarantee is not { Count: > 0 } resources) throw Invalid("QuotaInfo with empty 'guarantee'");
        var guarantee = new Dictionary<string, Scalar>(StringComparer.Ordinal);
        foreach (var resource in resources)
        {
            if (resource is not { Type: ResourceType.Scalar, Scalar: { } scalar })
                throw Invalid($"QuotaInfo must not include non-scalar resources: '{resource.Name}'");
            if (resource is not
                {
                    Role: null or Master.Resources.Roles.Default, Reservation: null, Revocable: null,
                    Reservations: null or { Count: 0 }
                })
            {
                throw Invalid($"QuotaInfo must include neither reserved nor revocable resources: '{resource.Name}'");
            }

            if (!guarantee.TryAdd(resource.Name, scalar))
                throw Invalid($"QuotaInfo contains duplicate resource name '{resource.Name}'");
        }

        return new QuotaConfig(role, guarantee, guarantee);
    }

    private static CallException Invalid(string problem) =>
        new(StatusCodes.Status400BadRequest, $"Failed to validate set quota request: {problem}");
}
