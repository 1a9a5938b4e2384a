using System.Globalization;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security.Admission;

/// <summary>As whom a rule lets tasks run.</summary>
internal static class UserRules
{
    private const string Root = "root";

    /// <summary>What is not admitted of a task's user, or null.</summary>
    /// <param name="limits">What the rule admits.</param>
    /// <param name="request">The task.</param>
    /// <param name="user">As whom it is to run; null where nobody says.</param>
    public static string? WhyRefused(AdmissionLimits limits, AdmissionRequest request, Stated? user)
    {
        var admitted = request.IsContainer ? limits.ContainerUsers : limits.Users;
        if (user is not { Value: { Length: > 0 } name })
        {
            return request.IsContainer && !admitted.Contains(Root)
                ? "a container that names no user: its image may say root" : null;
        }

        var isRoot = IsRoot(name) || (request.IsRootByNumber && name == request.User?.Value);
        var isAdmitted = isRoot ? admitted.Contains(Root) || (name != "*" && admitted.Contains(name))
            : admitted.Any(pattern => Glob.IsMatch(pattern, name, paths: false));
        if (isAdmitted) return null;
        var who = isRoot && name != Root ? $"'{name}', who is root" : $"'{name}'";
        return request.IsContainer ? $"the user {who}" : $"processes of {who}";
    }

    /// <summary>Whether a user is root, by name or number, with a group or without.</summary>
    private static bool IsRoot(string user)
    {
        var name = user.Split(':', 2)[0].Trim();
        return name is Root or "" || (long.TryParse(name, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            && (uint)number == 0);
    }
}
