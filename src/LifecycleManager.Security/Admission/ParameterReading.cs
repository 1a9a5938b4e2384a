namespace LifecycleManager.Security.Admission;

/// <summary>
/// What an option of <c>docker run</c> says that a field of a definition could say as well: one rule is for both.
/// </summary>
internal readonly record struct ParameterReading
{
    /// <summary>The container is privileged.</summary>
    public bool IsPrivileged { get; private init; }

    /// <summary>It has the machine's network, or another container's.</summary>
    public bool IsHostNetwork { get; private init; }

    /// <summary>A path of the machine.</summary>
    public StatedVolume? Volume { get; private init; }

    /// <summary>As whom it runs.</summary>
    public string? User { get; private init; }

    /// <summary>It says something else.</summary>
    public bool IsOther { get; private init; }

    /// <summary>The option's name as agents take it.</summary>
    public static string KeyOf(StatedParameter parameter) => parameter.Key.TrimStart('-');

    /// <summary>Reads an option.</summary>
    public static ParameterReading Of(StatedParameter parameter) => KeyOf(parameter) switch
    {
        // Whatever is not surely off, is on.
        "privileged" => new ParameterReading { IsPrivileged = parameter.Value is not ("false" or "0") },
        "user" or "u" => new ParameterReading { User = parameter.Value },
        "net" or "network" => new ParameterReading
        {
            IsHostNetwork = MesosTasks.IsForeign(parameter.Value),
        },
        "volume" or "v" when parameter.Value.StartsWith('/') => new ParameterReading { Volume = VolumeOf(parameter) },

        // A volume of the engine's own, by its name; a path that is relative to nobody knows what must be named.
        "volume" or "v" => new ParameterReading { IsOther = parameter.Value.Split(':')[0].Contains('/') },
        _ => new ParameterReading { IsOther = true },
    };

    private static StatedVolume? VolumeOf(StatedParameter parameter)
    {
        var parts = parameter.Value.Split(':');

        // One path alone is a place in the container for a volume of its own.
        return parts.Length < 2 ? null
            : new StatedVolume(parameter.Path, parts[0], parts.Length > 2 && parts[2].Split(',').Contains("ro"));
    }
}
