using System.Text;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime;

namespace LifecycleManager.Agent.Secrets;

/// <summary>
/// Resolves secrets when a task starts. A reference <c>name</c> (with <c>key</c>) is the file <c>NAME</c> (<c>NAME/KEY</c>)
/// of the secrets' directory, else the agent's variable <c>LCM_SECRET_NAME</c> (<c>LCM_SECRET_NAME_KEY</c>), in upper case
/// with an underscore for what is neither letter nor digit. A secret's value is neither written down nor logged.
/// </summary>
internal sealed class SecretStore(string? directory)
{
    private const string Prefix = "LCM_SECRET_";

    /// <summary>Why a reference can be none; null when it can. Whether it is there shows at the start of the task.</summary>
    public static string? WhyInvalid(Secret secret) => secret switch
    {
        { Value: not null } => null,
        { Reference: null } => "names neither a reference nor a value",
        { Reference: { } reference } when AgentDirectory.WhyNotId(reference.Name) is { } why =>
            $"has a reference whose name {why}",
        { Reference.Key: { } key } when AgentDirectory.WhyNotId(key) is { } why => $"has a reference whose key {why}",
        _ => null,
    };

    /// <summary>A secret's value.</summary>
    /// <exception cref="LaunchException">It is not there, or cannot be read; the message says which one and why.</exception>
    public string Resolve(Secret secret)
    {
        if (secret.Value is { } value) return Encoding.UTF8.GetString(value.Data);
        var reference = secret.Reference ?? throw new LaunchException("a secret names neither a reference nor a value");
        if (WhyInvalid(secret) is { } why) throw new LaunchException($"a secret {why}");
        return FromFile(reference) ?? Environment.GetEnvironmentVariable(VariableOf(reference))
            ?? throw new LaunchException(
                $"the secret '{reference.Name}{(reference.Key is null ? "" : "/" + reference.Key)}' is not on this agent");
    }

    private string? FromFile(Secret.ReferenceInfo reference)
    {
        if (directory is null) return null;
        var path = reference.Key is null ? Path.Combine(directory, reference.Name)
            : Path.Combine(directory, reference.Name, reference.Key);
        if (!File.Exists(path)) return null;
        try
        {
            return SecretFile.ReadOnce(path);
        }
        catch (IOException e)
        {
            throw new LaunchException(e.Message);
        }
    }

    private static string VariableOf(Secret.ReferenceInfo reference)
    {
        var name = reference.Key is null ? reference.Name : $"{reference.Name}_{reference.Key}";
        return Prefix + string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
    }
}
