/// The version of all programs of this checkout; the package's too.
package let bedplateVersion = "0.2.0"
