using System.CommandLine;
using System.CommandLine.Parsing;

namespace LifecycleManager.Cli.Configuration;

/// <summary>An option of the command line whose value may also come from <see cref="Settings"/>.</summary>
public static class Setting
{
    /// <summary>Makes an option.</summary>
    /// <param name="settings">Where its value comes from when the command line does not say it.</param>
    /// <param name="name">The name with its dashes.</param>
    /// <param name="description">For <c>--help</c>.</param>
    /// <param name="parse">Reads a value; throws <see cref="FormatException"/> with what is wrong.</param>
    /// <param name="otherwise">The value where nobody says it.</param>
    /// <param name="help">The default as <c>--help</c> shows it; null leaves it out.</param>
    /// <param name="secret">Whether an error must not show the value.</param>
    public static Option<T> Of<T>(
        Settings settings, string name, string description, Func<string, T> parse, Func<T> otherwise, string? help = null,
        bool secret = false)
    {
        var bare = name.TrimStart('-');
        return new Option<T>(name)
        {
            Description = help is null ? description : $"{description} [default: {help}]",
            HelpName = bare,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, parse, result.Tokens[^1].Value, name, secret),
            // Evaluated only where the command line is silent.
            DefaultValueFactory = result =>
                settings.Find(bare) is { } found ? Parse(result, parse, found.Value, found.Where, secret) : otherwise(),
        };
    }

    /// <summary>An option that is on or off.</summary>
    public static Option<bool> Flag(Settings settings, string name, string description)
    {
        var bare = name.TrimStart('-');
        return new Option<bool>(name)
        {
            Description = description,
            DefaultValueFactory = result => settings.Find(bare) is { } found && Parse(result, ReadFlag, found.Value, found.Where),
        };
    }

    private static T Parse<T>(ArgumentResult result, Func<string, T> parse, string value, string where, bool secret = false)
    {
        try
        {
            return parse(value);
        }
        catch (Exception e)
        {
            // Whatever a value makes its reader stumble over is the value's fault, and is said of it.
            result.AddError(secret ? $"{where}: {e.Message}" : $"{where} {Shown(value)}: {e.Message}");
            return default!;
        }
    }

    /// <summary>The value without what stands before the @ of an address: it may be a password.</summary>
    private static string Shown(string value)
    {
        var (slashes, at) = (value.IndexOf("//", StringComparison.Ordinal), value.LastIndexOf('@'));
        return slashes >= 0 && at > slashes ? value[..(slashes + 2)] + "***" + value[at..] : value;
    }

    private static bool ReadFlag(string text) => text.ToLowerInvariant() switch
    {
        "1" or "true" or "yes" or "on" => true,
        "0" or "false" or "no" or "off" => false,
        _ => throw new FormatException("true or false is needed"),
    };
}
