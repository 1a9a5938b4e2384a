using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using System.Text;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Storage;

namespace LifecycleManager.Cli.Commands;

/// <summary>Where a role keeps its state, and the password for it, which only ever comes from a file.</summary>
internal sealed class StateSettings
{
    private readonly Option<string?> _state;
    private readonly Option<string?> _passwordFile;

    public StateSettings(Command command, Settings settings)
    {
        _state = Setting.Of<string?>(settings, "--state",
            "Where the state is: sqlite:PATH, postgres://USER@HOST/DATABASE or zk://HOST1,HOST2/PATH; the last two let several stand by",
            Checked, () => null, "SQLite in the work directory");
        _passwordFile = Setting.Of<string?>(settings, "--state-password-file",
            "A file with the password of the state's database", Values.ReadableFile, () => null);
        command.Add(_state);
        command.Add(_passwordFile);
    }

    public string Address(ParseResult parse, string directory) => parse.GetValue(_state) ?? Sqlite(directory);

    public string? Password(ParseResult parse) => parse.GetValue(_passwordFile) is { } file ? Secrets.Read(file) : null;

    private static string Checked(string address)
    {
        StateBackend.Check(address);
        return address;
    }

    public static string Sqlite(string directory) => $"sqlite:{Path.Combine(directory, "state.db")}";
}

/// <summary>Secrets that are handed over as files.</summary>
internal static class Secrets
{
    /// <summary>A secret that follows its file.</summary>
    /// <exception cref="CliException">It cannot be read, or is empty.</exception>
    public static FollowedFiles<string> Follow(string file)
    {
        try
        {
            return new FollowedFiles<string>(
                $"the secret file {file}", [file],
                files => Encoding.UTF8.GetString(files[0]).TrimEnd('\r', '\n') is { Length: > 0 } secret ? secret
                    : throw new FormatException("it is empty"),
                maxFile: SecretFile.MaxBytes, pipes: true);
        }
        catch (FormatException e)
        {
            throw new CliException($"the secret file {file} is of no use: {e.Message}", e);
        }
    }

    public static string Read(string file)
    {
        try
        {
            return SecretFile.ReadOnce(file);
        }
        catch (IOException e)
        {
            throw new CliException(e.Message, e);
        }
    }
}
