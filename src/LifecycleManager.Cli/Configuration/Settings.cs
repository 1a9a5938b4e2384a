using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Configuration;

/// <summary>
/// What is configured outside the command line: <c>appsettings.json</c> in the current directory, above it the <c>LCM_</c>
/// variables. The command line wins over both: an option <c>--work-dir</c> is also <c>LCM_WORK_DIR</c> and
/// <c>"work-dir"</c> in the file.
/// </summary>
public sealed class Settings(IConfiguration configuration)
{
    /// <summary>The prefix of the variables.</summary>
    public const string Prefix = "LCM_";

    private const string FileName = "appsettings.json";

    /// <summary>Reads the file and the variables of this process.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON.</exception>
    public static Settings Load()
    {
        var builder = new ConfigurationBuilder();

        // What reads files takes its time to be loaded, and most commands have none to read.
        if (File.Exists(FileName)) AddFile(builder);
        return new Settings(builder.AddInMemoryCollection(Variables()).Build());
    }

    /// <summary>
    /// The value of an option by its name without dashes in front, and where it was said; null where it was not.
    /// </summary>
    public (string Value, string Where)? Find(string option)
    {
        if (configuration[option] is not { Length: > 0 } value) return null;
        var variable = Prefix + option.ToUpperInvariant().Replace('-', '_');
        return (value, Environment.GetEnvironmentVariable(variable) == value ? variable : $"appsettings.json \"{option}\"");
    }

    /// <summary>A section of the file, such as <c>Kestrel</c>, or null where there is none.</summary>
    public IConfigurationSection? Section(string name) => configuration.GetSection(name) is var section && section.Exists()
        ? section : null;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddFile(ConfigurationBuilder builder) => builder.SetBasePath(Directory.GetCurrentDirectory())
        .AddJsonFile(FileName, optional: true, reloadOnChange: false);

    private static IEnumerable<KeyValuePair<string, string?>> Variables() =>
        from System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables()
        let name = (string)variable.Key
        where name.StartsWith(Prefix, StringComparison.Ordinal)
        select new KeyValuePair<string, string?>(name[Prefix.Length..].ToLowerInvariant()
            .Replace('_', '-'), (string?)variable.Value);
}
