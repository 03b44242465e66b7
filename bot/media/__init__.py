"""Pictures in and out: decoded, encoded, compared, and painted onto sheets, trees and pages."""
